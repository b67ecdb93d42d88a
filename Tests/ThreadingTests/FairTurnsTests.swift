import Foundation
import Synchronization
import Testing
import Threading

@Suite struct FairTurnsTests {
  @Test func onlyOneMemberRunsAtATime() {
    let turns = FairTurns()
    let inside = Atomic<Int>(0)
    let most = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      let member = turns.join()
      for _ in 0..<200 {
        member.take {
          let count = inside.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
          most.max(count, ordering: .sequentiallyConsistent)
          inside.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        }
      }
    }
    #expect(most.load(ordering: .sequentiallyConsistent) == 1)
  }

  /// One of three members takes ten times as long per turn. It must get a tenth of the turns of each other member,
  /// where a round robin would give all the same number.
  ///
  /// The test has its own clock, so a busy machine does not matter. A turn ends only when both other members wait, so
  /// there is always a choice between them, even if the member whose turn ends does not ask again in time.
  @Test func sharesTimeInsteadOfTurns() {
    let time = Box(0)
    let turns = FairTurns { Double(time.value) }
    let isDone = Atomic<Bool>(false)
    let counts = [Box(0), Box(0), Box(0)]
    let group = DispatchGroup()
    // Separate threads, because all three must run at once; dispatch queues may have fewer threads on a small machine.
    for index in counts.indices {
      let isSlow = index == 0
      let member = turns.join()
      group.enter()
      Thread.detachNewThread {
        defer { group.leave() }
        while !isDone.load(ordering: .relaxed) {
          member.take {
            while turns.waitingCount < counts.count - 1 && !isDone.load(ordering: .relaxed) { usleep(50) }
            _ = time.add(isSlow ? 10 : 1)
          }
          if counts[index].add() >= 30 && isSlow { isDone.store(true, ordering: .relaxed) }
        }
      }
    }
    group.wait()
    let slow = counts[0].value
    #expect(counts[1].value > 8 * slow && counts[2].value > 8 * slow, "\(counts.map(\.value))")
  }

  @Test func errorEndsTheTurn() throws {
    struct Failure: Error {}
    let member = FairTurns().join()
    #expect(throws: Failure.self) { try member.take { throw Failure() } }
    var isTaken = false
    member.take { isTaken = true }
    #expect(isTaken && member.seconds >= 0)
  }

  private final class Box: Sendable {
    private let count: Mutex<Int>
    init(_ count: Int) { self.count = Mutex(count) }
    var value: Int { count.withLock { $0 } }
    func add(_ amount: Int = 1) -> Int {
      count.withLock {
        $0 += amount
        return $0
      }
    }
  }
}
