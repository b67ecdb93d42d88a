/// A first-in, first-out queue of limited length between threads.
///
/// ``push(_:)`` waits while the queue is full and ``pop()`` waits while it is empty, so a fast producer cannot fill the
/// memory. Closing the queue wakes all waiting threads. The remaining elements can still be taken; then ``pop()``
/// returns nil.
public final class BoundedQueue<Element>: @unchecked Sendable {
  private let condition = Condition()
  private let capacity: Int
  // Guarded by `condition`.
  private var elements: [Element] = []
  private var isClosed = false

  /// Creates an empty queue that holds up to `capacity` elements, at least 1.
  public init(capacity: Int) {
    self.capacity = max(1, capacity)
    elements.reserveCapacity(self.capacity)
  }

  /// Appends `element` and waits for room if necessary.
  ///
  /// - Returns: False if the queue is closed and the element was dropped.
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

  /// Appends `element` if there is room.
  ///
  /// - Returns: False if the queue is full or closed and the element was dropped.
  public func tryPush(_ element: Element) -> Bool {
    condition.lock()
    defer { condition.unlock() }
    guard elements.count < capacity, !isClosed else { return false }
    elements.append(element)
    condition.broadcast()
    return true
  }

  /// Takes the oldest element and waits for one if necessary. Returns nil once the queue is closed and empty.
  public func pop() -> Element? {
    condition.lock()
    defer { condition.unlock() }
    while elements.isEmpty && !isClosed { condition.wait() }
    guard !elements.isEmpty else { return nil }
    let element = elements.removeFirst()
    condition.broadcast()
    return element
  }

  /// Closes the queue, so that later pushes fail.
  ///
  /// - Parameter discarding: Whether to drop the queued elements.
  public func close(discarding: Bool = false) {
    condition.lock()
    isClosed = true
    if discarding { elements.removeAll() }
    condition.broadcast()
    condition.unlock()
  }
}
