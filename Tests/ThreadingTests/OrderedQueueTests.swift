import Foundation
import Synchronization
import Testing
import Threading

@Suite struct OrderedQueueTests {
  @Test func elementsComeOutByNumber() {
    let queue = OrderedQueue<Int>(producers: 1)
    for number in [2, 0, 3, 1] { queue.push(10 * number, number: number) }
    queue.finish()
    #expect((0..<5).map { _ in queue.pop() } == [0, 10, 20, 30, nil])
  }

  @Test func severalThreadsFillIt() {
    let queue = OrderedQueue<Int>(producers: 3)
    let next = Atomic<Int>(0)
    for _ in 0..<3 {
      Thread.detachNewThread {
        while case let number = next.wrappingAdd(1, ordering: .relaxed).oldValue, number < 300 {
          if number % 7 == 0 { usleep(200) }
          queue.push(number, number: number)
        }
        queue.finish()
      }
    }
    var found: [Int] = []
    while let element = queue.pop() { found.append(element) }
    #expect(found == Array(0..<300))
  }

  /// Elements after a missing number are never returned.
  @Test func missingNumberEndsTheQueue() {
    let queue = OrderedQueue<Int>(producers: 2)
    queue.push(0, number: 0)
    queue.push(2, number: 2)
    queue.finish()
    queue.finish()
    #expect(queue.pop() == 0)
    #expect(queue.pop() == nil)
  }

  @Test func closingWakesWaitingThreads() {
    let queue = OrderedQueue<Int>(producers: 1)
    queue.push(1, number: 1)
    Thread.detachNewThread {
      usleep(10_000)
      queue.close()
    }
    #expect(queue.pop() == nil)
    queue.push(0, number: 0)
    #expect(queue.pop() == nil)
  }
}
