import Foundation
import Synchronization
import Testing
import Threading

@Suite struct FairTurnsTests {
  @Test func onlyOneHasItsTurn() {
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

  /// One takes ten times as long by a clock of the test's own, so that a busy machine changes nothing: it must get a tenth of the turns,
  /// where taking turns in order would give equally many. A turn ends when the other one waits, so that there is a choice.
  @Test func timeIsSharedAndNotTurns() {
    let time = Box(0)
    let turns = FairTurns { Double(time.value) }
    let isDone = Atomic<Bool>(false)
    let counts = [Box(0), Box(0)]
    DispatchQueue.concurrentPerform(iterations: 2) { index in
      let member = turns.join()
      while !isDone.load(ordering: .relaxed) {
        member.take {
          while turns.waitingCount == 0 && !isDone.load(ordering: .relaxed) { usleep(50) }
          _ = time.add(index == 0 ? 1 : 10)
        }
        if counts[index].add() >= (index == 0 ? .max : 30) { isDone.store(true, ordering: .relaxed) }
      }
    }
    #expect(counts[0].value > 8 * counts[1].value, "\(counts.map(\.value))")
  }

  @Test func anErrorGivesTheTurnBack() throws {
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
