import Foundation

/// A queue that several threads fill in any order and one thread empties in the order of the elements' numbers.
///
/// The length is not limited: the code that numbers the elements must limit how many are in progress.
public final class OrderedQueue<Element>: @unchecked Sendable {
  private let condition = NSCondition()
  // Guarded by `condition`.
  private var elements: [Int: Element] = [:]
  private var next = 0
  private var openProducers: Int
  private var isClosed = false

  /// Creates an empty queue, which ends when each of `producers` producers, at least 1, has called ``finish()``.
  public init(producers: Int) { openProducers = max(1, producers) }

  /// Adds the element with a number. Numbers start at 0 and each occurs once. Drops the element if the queue is closed.
  public func push(_ element: Element, number: Int) {
    condition.lock()
    defer { condition.unlock() }
    if isClosed { return }
    elements[number] = element
    condition.broadcast()
  }

  /// Takes the element with the next number and waits for it if necessary. Returns nil if all producers have finished
  /// without it, or after ``close()``.
  public func pop() -> Element? {
    condition.lock()
    defer { condition.unlock() }
    while elements[next] == nil && openProducers > 0 && !isClosed { condition.wait() }
    guard let element = elements.removeValue(forKey: next) else { return nil }
    next += 1
    return element
  }

  /// Signals that one of the producers has finished.
  public func finish() {
    condition.lock()
    openProducers -= 1
    condition.broadcast()
    condition.unlock()
  }

  /// Closes the queue and drops its elements.
  public func close() {
    condition.lock()
    isClosed = true
    elements.removeAll()
    condition.broadcast()
    condition.unlock()
  }
}
