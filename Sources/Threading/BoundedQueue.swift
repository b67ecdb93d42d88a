import Foundation

/// A first-in, first-out queue of limited length between threads.
///
/// `push` waits while the queue is full and `pop` while it is empty, so a fast producer cannot fill the memory.
/// Closing wakes everybody: what is queued can still be taken, then `pop` returns nil.
public final class BoundedQueue<Element>: @unchecked Sendable {
  private let condition = NSCondition()
  private let capacity: Int
  // Guarded by `condition`.
  private var elements: [Element] = []
  private var isClosed = false

  /// An empty queue that holds at most `capacity` elements, at least 1.
  public init(capacity: Int) {
    self.capacity = max(1, capacity)
    elements.reserveCapacity(self.capacity)
  }

  /// Appends `element`, waiting for room; returns false, and drops it, if the queue is closed.
  @discardableResult
  public func push(_ element: Element) -> Bool {
    condition.lock()
    defer { condition.unlock() }
    while elements.count >= capacity && !isClosed { condition.wait() }
    if isClosed { return false }
    elements.append(element)
    condition.broadcast()
    return true
  }

  /// Appends `element` if there is room; returns false, and drops it, if there is none or the queue is closed.
  public func tryPush(_ element: Element) -> Bool {
    condition.lock()
    defer { condition.unlock() }
    guard elements.count < capacity, !isClosed else { return false }
    elements.append(element)
    condition.broadcast()
    return true
  }

  /// Takes the oldest element, waiting for one; nil once the queue is closed and empty.
  public func pop() -> Element? {
    condition.lock()
    defer { condition.unlock() }
    while elements.isEmpty && !isClosed { condition.wait() }
    guard !elements.isEmpty else { return nil }
    let element = elements.removeFirst()
    condition.broadcast()
    return element
  }

  /// Ends the queue: later pushes are refused. With `discarding`, what is still queued is dropped as well.
  public func close(discarding: Bool = false) {
    condition.lock()
    isClosed = true
    if discarding { elements.removeAll() }
    condition.broadcast()
    condition.unlock()
  }
}
