import Foundation
import Synchronization
import Testing
import Threading

@Suite struct ComputePoolTests {
  @Test(arguments: [1, 2, 3, 8])
  func everyIterationRunsOnce(threads: Int) {
    let pool = ComputePool(threads: threads)
    for count in [0, 1, 2, 7, 100, 1001] {
      let counts = Mutex([Int](repeating: 0, count: count))
      pool.parallelFor(count) { index in counts.withLock { $0[index] += 1 } }
      #expect(counts.withLock { $0 } == [Int](repeating: 1, count: count))
    }
  }

  @Test func threadNumbersAreInRangeAndExclusive() {
    let pool = ComputePool(threads: 4)
    let busy = Mutex([Bool](repeating: false, count: 4))
    let clashes = Atomic<Int>(0)
    pool.parallelFor(200) { _, thread in
      let wasBusy = busy.withLock { state in
        defer { state[thread] = true }
        return state[thread]
      }
      if wasBusy { clashes.wrappingAdd(1, ordering: .relaxed) }
      usleep(50)
      busy.withLock { $0[thread] = false }
    }
    #expect(clashes.load(ordering: .relaxed) == 0)
  }

  @Test func severalCallersTakeTurns() async {
    let pool = ComputePool(threads: 2)
    let total = Atomic<Int>(0)
    let callers = (0..<4).map { _ in
      Thread {
        for _ in 0..<50 { pool.parallelFor(20) { _ in total.wrappingAdd(1, ordering: .relaxed) } }
      }
    }
    for caller in callers { caller.start() }
    let deadline = ContinuousClock.now + .seconds(60)
    while total.load(ordering: .relaxed) < 4 * 50 * 20 && ContinuousClock.now < deadline {
      try? await Task.sleep(for: .milliseconds(5))
    }
    #expect(total.load(ordering: .relaxed) == 4 * 50 * 20)
  }

  @Test func loopEndsAfterItsLastIteration() {
    let pool = ComputePool(threads: 3)
    for _ in 0..<200 {
      let finished = Atomic<Int>(0)
      pool.parallelFor(5) { _ in finished.wrappingAdd(1, ordering: .relaxed) }
      #expect(finished.load(ordering: .relaxed) == 5)
    }
  }
}
