/// A slot for one element between threads. A new element replaces one that has not been taken yet.
///
/// The reader always gets the newest element, however slow it is.
public final class Mailbox<Element>: @unchecked Sendable {
  private let condition = Condition()
  // Guarded by `condition`.
  private var element: Element?
  private var isClosed = false

  /// Creates an empty mailbox.
  public init() {}

  /// Stores `element`.
  ///
  /// - Returns: The element that it replaces; `element` itself if the mailbox is closed; otherwise nil.
  public func put(_ element: Element) -> Element? {
    condition.lock()
    defer { condition.unlock() }
    if isClosed { return element }
    let late = self.element
    self.element = element
    condition.signal()
    return late
  }

  /// Takes the element and waits for one if necessary. Returns nil once the mailbox is closed and empty, or if none
  /// comes within `timeout`.
  public func take(timeout: Duration? = nil) -> Element? {
    let end = timeout.map { ContinuousClock.now + $0 }
    condition.lock()
    defer { condition.unlock() }
    while element == nil && !isClosed {
      if let end {
        guard condition.wait(until: end) else { break }
      } else {
        condition.wait()
      }
    }
    defer { element = nil }
    return element
  }

  /// Closes the mailbox, so that it accepts no more elements.
  ///
  /// - Parameter discarding: Whether to drop the stored element.
  public func close(discarding: Bool = false) {
    condition.lock()
    isClosed = true
    if discarding { element = nil }
    condition.broadcast()
    condition.unlock()
  }
}
