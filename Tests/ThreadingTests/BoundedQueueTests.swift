import Foundation
import Synchronization
import Testing
import Threading

@Suite struct BoundedQueueTests {
  @Test func keepsTheOrderAndEveryElement() {
    let queue = BoundedQueue<Int>(capacity: 3)
    Thread.detachNewThread {
      for number in 0..<500 { queue.push(number) }
      queue.close()
    }
    var received: [Int] = []
    while let number = queue.pop() { received.append(number) }
    #expect(received == Array(0..<500))
  }

  @Test func holdsNoMoreThanItsCapacity() {
    let queue = BoundedQueue<Int>(capacity: 2)
    let pushed = Atomic<Int>(0)
    Thread.detachNewThread {
      while queue.push(1) { pushed.wrappingAdd(1, ordering: .sequentiallyConsistent) }
    }
    for taken in 1...20 {
      #expect(queue.pop() == 1)
      // The pushed elements are those taken, those in the queue, and at most the one between push and count.
      #expect(pushed.load(ordering: .sequentiallyConsistent) <= taken + 2)
    }
    queue.close(discarding: true)
  }

  @Test func closingWakesAWaitingConsumer() {
    let queue = BoundedQueue<Int>(capacity: 1)
    Thread.detachNewThread {
      usleep(20_000)
      queue.close()
    }
    #expect(queue.pop() == nil)
  }

  @Test func closedQueueDrainsAndRejectsMore() {
    let queue = BoundedQueue<Int>(capacity: 4)
    queue.push(1)
    queue.push(2)
    queue.close()
    #expect(!queue.push(3))
    #expect(queue.pop() == 1)
    #expect(queue.pop() == 2)
    #expect(queue.pop() == nil)
  }

  @Test func discardingDropsQueuedElements() {
    let queue = BoundedQueue<Int>(capacity: 4)
    queue.push(1)
    queue.close(discarding: true)
    #expect(queue.pop() == nil)
  }

  @Test func tryingDoesNotWait() {
    let queue = BoundedQueue<Int>(capacity: 2)
    #expect(queue.tryPush(1) && queue.tryPush(2))
    #expect(!queue.tryPush(3))
    #expect(queue.pop() == 1)
    #expect(queue.tryPush(4))
    queue.close()
    #expect(!queue.tryPush(5))
    #expect([queue.pop(), queue.pop(), queue.pop()] == [2, 4, nil])
  }
}
