import Foundation

/// Room for one element between threads, in which a new one takes the place of one that nobody has fetched.
///
/// What is fetched is always the newest, however slow the reader is.
public final class Mailbox<Element>: @unchecked Sendable {
  private let condition = NSCondition()
  // Guarded by `condition`.
  private var element: Element?
  private var isClosed = false

  /// An empty mailbox.
  public init() {}

  /// Leaves `element`; returns the one that it replaces, or `element` itself if the mailbox is closed: either is late.
  public func put(_ element: Element) -> Element? {
    condition.lock()
    defer { condition.unlock() }
    if isClosed { return element }
    let late = self.element
    self.element = element
    condition.signal()
    return late
  }

  /// Takes the element, waiting for one; nil once the mailbox is closed and empty.
  public func take() -> Element? {
    condition.lock()
    defer { condition.unlock() }
    while element == nil && !isClosed { condition.wait() }
    defer { element = nil }
    return element
  }

  /// Ends the mailbox: what comes later is refused. With `discarding`, what is in it is dropped as well.
  public func close(discarding: Bool = false) {
    condition.lock()
    isClosed = true
    if discarding { element = nil }
    condition.broadcast()
    condition.unlock()
  }
}
