import Streaming
import Testing

@Suite struct WorkSizeTests {
  private let ladder = WorkSizeLadder(below: .init(width: 640, height: 360))

  @Test func theLadderKeepsTheShape() {
    #expect(ladder.rungs.first == .init(width: 640, height: 360))
    #expect(ladder.rungs.count > 5)
    for (above, below) in zip(ladder.rungs, ladder.rungs.dropFirst()) {
      #expect(below.area < above.area && below.area > 0.7 * above.area)
      #expect(below.width % 4 == 0 && below.height % 4 == 0)
      // Multiples of four: two pixels off at most.
      #expect(abs(Double(below.height) - Double(below.width) * 9 / 16) <= 3.2)
    }
    #expect(ladder.rungs.allSatisfy { min($0.width, $0.height) >= 64 })
    #expect(WorkSizeLadder(below: .init(width: 7, height: 3)).rungs == [.init(width: 7, height: 3)])
  }

  /// The controller on a machine that takes as many milliseconds for the full size as `cost` tells, at 25 frames a second.
  private func simulate(
    seconds: Double, from start: Double = 0, _ controller: inout WorkSizeController, cost: (Double) -> Double
  ) -> [Int] {
    var rungs: [Int] = []
    for step in 0..<Int(seconds * 20) {
      let time = start + Double(step) / 20
      let milliseconds = cost(time) * ladder.rungs[controller.rung].area / ladder.rungs[0].area
      rungs.append(
        controller.update(
          milliseconds: Array(repeating: milliseconds, count: 10), interval: 40, ladder: ladder, time: time))
    }
    return rungs
  }

  @Test func whatFitsStays() {
    var controller = WorkSizeController()
    #expect(simulate(seconds: 60, &controller) { _ in 38 } == Array(repeating: 0, count: 1200))
  }

  @Test func tooMuchGoesDownAtOnceAndStays() {
    var controller = WorkSizeController()
    let rungs = simulate(seconds: 60, &controller) { _ in 100 }
    let end = controller.rung
    #expect(100 * ladder.rungs[end].area / ladder.rungs[0].area < 0.9 * 40)
    #expect(100 * ladder.rungs[end - 1].area / ladder.rungs[0].area > 0.72 * 40)
    #expect(rungs.dropFirst(20).allSatisfy { $0 == end })
  }

  @Test func itComesUpAgainRungByRung() {
    var controller = WorkSizeController()
    let rungs = simulate(seconds: 80, &controller) { $0 < 10 ? 100 : 20 }
    #expect(rungs.max() ?? 0 > 2 && controller.rung == 0)
    #expect(zip(rungs, rungs.dropFirst()).dropFirst(200).allSatisfy { $0 - $1 <= 1 && $0 >= $1 })
  }

  /// On a machine where the larger size costs more than its pixels tell, the tries become rare.
  @Test func aWrongStepUpIsNotRepeatedForever() {
    var controller = WorkSizeController()
    var changes = 0
    var last = 0
    for step in 0..<4000 {
      let time = Double(step) / 20
      let milliseconds = controller.rung == 0 ? 60.0 : 20
      let rung = controller.update(
        milliseconds: Array(repeating: milliseconds, count: 10), interval: 40, ladder: ladder, time: time)
      if rung != last { changes += 1 }
      last = rung
    }
    // Without waiting longer each time, about 110 in these 200 seconds.
    #expect(changes > 4 && changes < 40)
  }

  @Test func aSmallerLadderIsNoTrap() {
    var controller = WorkSizeController()
    _ = simulate(seconds: 2, &controller) { _ in 300 }
    let small = WorkSizeLadder(below: .init(width: 70, height: 70))
    let rung = controller.update(milliseconds: [], interval: 40, ladder: small, time: 3)
    #expect(small.rungs.indices.contains(rung))
  }
}
