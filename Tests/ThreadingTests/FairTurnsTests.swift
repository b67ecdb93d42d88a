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

  /// One takes ten times as long: it must get fewer turns, where taking turns in order would give equally many. A turn ends when the
  /// other one asks, so that there is a choice; on a busy machine that may still come late, hence half of the difference is enough.
  @Test func timeIsSharedAndNotTurns() {
    let turns = FairTurns()
    let isDone = Atomic<Bool>(false)
    let counts = [Box(0), Box(0)]
    let asked = [Box(0), Box(0)]
    DispatchQueue.concurrentPerform(iterations: 2) { index in
      let member = turns.join()
      let other = asked[1 - index]
      while !isDone.load(ordering: .relaxed) {
        _ = asked[index].add()
        member.take {
          let before = counts[1 - index].value
          while other.value == before && !isDone.load(ordering: .relaxed) { usleep(50) }
          usleep(index == 0 ? 1000 : 10_000)
        }
        if counts[index].add() >= (index == 0 ? .max : 30) { isDone.store(true, ordering: .relaxed) }
      }
    }
    #expect(2 * counts[0].value > 3 * counts[1].value, "\(counts.map(\.value))")
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
    func add() -> Int {
      count.withLock {
        $0 += 1
        return $0
      }
    }
  }
}
