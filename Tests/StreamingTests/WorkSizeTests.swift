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
      // Multiples of four are off by at most two pixels.
      #expect(abs(Double(below.height) - Double(below.width) * 9 / 16) <= 3.2)
    }
    #expect(ladder.rungs.allSatisfy { min($0.width, $0.height) >= 64 })
    #expect(WorkSizeLadder(below: .init(width: 7, height: 3)).rungs == [.init(width: 7, height: 3)])
  }

  /// With a canvas, the ladder skips sizes that are hardly cheaper, and contains sizes below the canvas.
  @Test func aCanvasHasItsOwnLadder() throws {
    let full = WorkSizeLadder.Size(width: 1920, height: 1080)
    let plain = WorkSizeLadder(below: full)
    let ladder = WorkSizeLadder(below: full, canvasLines: 256)
    #expect(ladder.rungs[0] == full && ladder.canvasLines == 256)
    #expect(plain.rungs.allSatisfy { $0.height > 230 })
    let above = ladder.rungs.filter { $0.height > 256 }
    #expect((2..<plain.rungs.count).contains(above.count))
    #expect(ladder.rungs.count - above.count > 5 && ladder.rungs.allSatisfy { $0.height >= 112 })
    for (above, below) in zip(ladder.rungs, ladder.rungs.dropFirst()) {
      #expect(ladder.cost(below) <= 0.9 * ladder.cost(above))
    }
    // Painting the canvas costs the same at every size above it.
    #expect(ladder.cost(full) < plain.cost(full) / 8)
    let tiny = WorkSizeLadder(below: .init(width: 16, height: 16), canvasLines: 256)
    #expect(tiny.rungs == [.init(width: 16, height: 16)])
  }

  /// A machine that is four times too slow for the canvas itself settles below it. A faster one settles earlier.
  @Test func theControllerGoesBelowTheCanvas() {
    let ladder = WorkSizeLadder(below: .init(width: 1920, height: 1080), canvasLines: 256)
    for (milliseconds, expected) in [(160.0, 112..<200), (44.0, 600..<1080)] {
      var controller = WorkSizeController()
      var heights: [Int] = []
      for step in 0..<1200 {
        let cost = ladder.cost(ladder.rungs[controller.rung]) / ladder.cost(ladder.rungs[0])
        let rung = controller.update(
          milliseconds: Array(repeating: milliseconds * cost, count: 10), interval: 40, ladder: ladder,
          time: Double(step) / 20)
        heights.append(ladder.rungs[rung].height)
      }
      #expect(
        heights.dropFirst(30).allSatisfy { $0 == heights[30] } && expected.contains(heights[30]), "\(heights[30])")
    }
  }

  @Test func anotherLadderStartsAtTheNearestSize() {
    let full = WorkSizeLadder.Size(width: 1920, height: 1080)
    let (plain, canvas) = (WorkSizeLadder(below: full), WorkSizeLadder(below: full, canvasLines: 256))
    var controller = WorkSizeController()
    controller.move(from: plain, to: canvas)
    #expect(controller.rung == 0)
    for time in [0, 1.0] {
      _ = controller.update(milliseconds: Array(repeating: 120, count: 10), interval: 40, ladder: plain, time: time)
    }
    let before = plain.rungs[controller.rung]
    #expect(controller.rung > 3)
    controller.move(from: plain, to: canvas)
    let after = canvas.rungs[controller.rung]
    #expect(canvas.rungs.allSatisfy { abs($0.area - before.area) >= abs(after.area - before.area) })
  }

  /// Simulates the controller at 25 frames per second on a machine that takes `cost` milliseconds for the full size.
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

  @Test func aFittingSizeStays() {
    var controller = WorkSizeController()
    #expect(simulate(seconds: 60, &controller) { _ in 38 } == Array(repeating: 0, count: 1200))
  }

  @Test func overloadStepsDownImmediately() {
    var controller = WorkSizeController()
    let rungs = simulate(seconds: 60, &controller) { _ in 100 }
    let end = controller.rung
    #expect(100 * ladder.rungs[end].area / ladder.rungs[0].area < 0.9 * 40)
    #expect(100 * ladder.rungs[end - 1].area / ladder.rungs[0].area > 0.72 * 40)
    #expect(rungs.dropFirst(20).allSatisfy { $0 == end })
  }

  @Test func recoveryStepsUpRungByRung() {
    var controller = WorkSizeController()
    let rungs = simulate(seconds: 80, &controller) { $0 < 10 ? 100 : 20 }
    #expect(rungs.max() ?? 0 > 2 && controller.rung == 0)
    #expect(zip(rungs, rungs.dropFirst()).dropFirst(200).allSatisfy { $0 - $1 <= 1 && $0 >= $1 })
  }

  /// If the larger size costs more than its pixels suggest, attempts become rare.
  @Test func wrongStepsUpBecomeRare() {
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
    // Without increasing waits, there would be about 110 changes in these 200 seconds.
    #expect(changes > 4 && changes < 40)
  }

  @Test func aShorterLadderIsSafe() {
    var controller = WorkSizeController()
    _ = simulate(seconds: 2, &controller) { _ in 300 }
    let small = WorkSizeLadder(below: .init(width: 70, height: 70))
    let rung = controller.update(milliseconds: [], interval: 40, ladder: small, time: 3)
    #expect(small.rungs.indices.contains(rung))
  }
}
