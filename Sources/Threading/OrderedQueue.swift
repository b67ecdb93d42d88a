import Foundation

/// A queue that several threads fill in any order and one empties in the order of the elements' numbers.
///
/// It does not limit its length: whoever numbers the elements must have only so many under way.
public final class OrderedQueue<Element>: @unchecked Sendable {
  private let condition = NSCondition()
  // Guarded by `condition`.
  private var elements: [Int: Element] = [:]
  private var next = 0
  private var openProducers: Int
  private var isClosed = false

  /// An empty queue that ends when `finish` has been called `producers` times, at least once.
  public init(producers: Int) { openProducers = max(1, producers) }

  /// Puts in the element of that number; numbers count from 0 and come once each. Dropped if the queue is closed.
  public func push(_ element: Element, number: Int) {
    condition.lock()
    defer { condition.unlock() }
    if isClosed { return }
    elements[number] = element
    condition.broadcast()
  }

  /// Takes the element of the next number, waiting for it; nil once all producers have finished without it, or after `close`.
  public func pop() -> Element? {
    condition.lock()
    defer { condition.unlock() }
    while elements[next] == nil && openProducers > 0 && !isClosed { condition.wait() }
    guard let element = elements.removeValue(forKey: next) else { return nil }
    next += 1
    return element
  }

  /// Says that one of the producers will push nothing more.
  public func finish() {
    condition.lock()
    openProducers -= 1
    condition.broadcast()
    condition.unlock()
  }

  /// Ends the queue and drops what is in it.
  public func close() {
    condition.lock()
    isClosed = true
    elements.removeAll()
    condition.broadcast()
    condition.unlock()
  }
}
