import Networks
import Streaming
import Testing

@Suite struct WorkSizeTests {
  private let ladder = WorkSizeLadder(below: .init(width: 640, height: 360))

  @Test func theLadderKeepsTheShape() {
    let sizes = ladder.rungs.map(\.size)
    #expect(sizes.first == .init(width: 640, height: 360) && ladder.rungs.allSatisfy { $0.canvasLines == nil })
    #expect(ladder.rungs.count > 5)
    for (above, below) in zip(sizes, sizes.dropFirst()) {
      #expect(below.area < above.area && below.area > 0.7 * above.area)
      #expect(below.width % 4 == 0 && below.height % 4 == 0)
      // Multiples of four are off by at most two pixels.
      #expect(abs(Double(below.height) - Double(below.width) * 9 / 16) <= 3.2)
    }
    #expect(sizes.allSatisfy { min($0.width, $0.height) >= 64 })
    #expect(WorkSizeLadder(below: .init(width: 7, height: 3)).rungs == [.init(.init(width: 7, height: 3))])
  }

  /// With a canvas, strokes grow in the named steps, and the size that is only revised stays in proportion.
  @Test func aCanvasHasItsOwnLadder() throws {
    let full = WorkSizeLadder.Size(width: 1920, height: 1080)
    let ladder = WorkSizeLadder(below: full, canvasLines: 256)
    #expect(ladder.rungs[0] == .init(full) && ladder.canvasLines == 256)
    let lines = ladder.rungs.compactMap(\.canvasLines)
    // Medium, large, and two steps that have no name. The last two differ in the size that is revised.
    #expect(lines == [256, 183, 131, 94, 94])
    let large = Strokes.size(.large).lines(canvasLines: 256)
    #expect(lines.contains(large))
    for (above, below) in zip(ladder.rungs, ladder.rungs.dropFirst()) {
      #expect(ladder.cost(below) <= 0.9 * ladder.cost(above) && below.size.area < above.size.area)
    }
    // The canvas is never larger than the frame that is revised.
    #expect(ladder.rungs.allSatisfy { $0.size.height >= $0.canvasLines ?? 0 })
    // Painting the canvas costs the same at every size above it.
    #expect(ladder.cost(.init(full)) < WorkSizeLadder(below: full).cost(.init(full)) / 8)
  }

  /// Strokes do not grow without end, and sizes that change nothing are left out.
  @Test(arguments: [(320, 180), (180, 320), (640, 480), (7680, 4320)], [64, 256, 1024])
  func canvasesStayInRange(size: (Int, Int), lines: Int) {
    let ladder = WorkSizeLadder(below: .init(width: size.0, height: size.1), canvasLines: lines)
    let usual = min(lines, size.0, size.1)
    for rung in ladder.rungs.dropFirst() {
      let found = min(rung.canvasLines ?? 0, rung.size.width, rung.size.height)
      #expect((Canvas.lines.lowerBound...usual).contains(found) && Double(found) > Double(usual) / 2.9, "\(rung)")
      #expect(min(rung.size.width, rung.size.height) >= 64)
    }
    #expect(Set(ladder.rungs).count == ladder.rungs.count && (1...6).contains(ladder.rungs.count))
    let tiny = WorkSizeLadder(below: .init(width: 16, height: 16), canvasLines: lines)
    #expect(tiny.rungs == [.init(.init(width: 16, height: 16))])
  }

  /// A machine that is much too slow settles on larger strokes. A faster one only revises less.
  @Test func theControllerChangesTheStrokes() {
    let ladder = WorkSizeLadder(below: .init(width: 1920, height: 1080), canvasLines: 256)
    for (milliseconds, expected) in [(200.0, 94...131), (44.0, 256...256)] {
      var controller = WorkSizeController()
      var lines: [Int] = []
      for step in 0..<1200 {
        let cost = ladder.cost(ladder.rungs[controller.rung]) / ladder.cost(ladder.rungs[0])
        let rung = controller.update(
          milliseconds: Array(repeating: milliseconds * cost, count: 10), interval: 40, ladder: ladder,
          time: Double(step) / 20)
        lines.append(ladder.rungs[rung].canvasLines ?? 1080)
      }
      #expect(lines.dropFirst(40).allSatisfy { $0 == lines[40] } && expected.contains(lines[40]), "\(lines[40])")
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
    let before = plain.rungs[controller.rung].size
    #expect(controller.rung > 3)
    controller.move(from: plain, to: canvas)
    let after = canvas.rungs[controller.rung].size
    #expect(canvas.rungs.allSatisfy { abs($0.size.area - before.area) >= abs(after.area - before.area) })
  }

  /// Simulates the controller at 25 frames per second on a machine that takes `cost` milliseconds for the full size.
  private func simulate(
    seconds: Double, from start: Double = 0, _ controller: inout WorkSizeController, cost: (Double) -> Double
  ) -> [Int] {
    var rungs: [Int] = []
    for step in 0..<Int(seconds * 20) {
      let time = start + Double(step) / 20
      let milliseconds = cost(time) * ladder.rungs[controller.rung].size.area / ladder.rungs[0].size.area
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
    #expect(100 * ladder.rungs[end].size.area / ladder.rungs[0].size.area < 0.9 * 40)
    #expect(100 * ladder.rungs[end - 1].size.area / ladder.rungs[0].size.area > 0.72 * 40)
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

  /// A measurement of a small picture is rough, so the first steps up are quick.
  @Test func theStartIsCorrectedQuickly() {
    var controller = WorkSizeController()
    // Four times as slow as it is.
    controller.start(on: ladder, milliseconds: 80 / ladder.rungs[0].size.area, interval: 40)
    #expect(controller.rung > 3)
    let rungs = simulate(seconds: 8, &controller) { _ in 20 }
    #expect(rungs.last == 0 && zip(rungs, rungs.dropFirst()).allSatisfy { $0 - $1 <= 1 && $0 >= $1 })
  }

  @Test func aShorterLadderIsSafe() {
    var controller = WorkSizeController()
    _ = simulate(seconds: 2, &controller) { _ in 300 }
    let small = WorkSizeLadder(below: .init(width: 70, height: 70))
    let rung = controller.update(milliseconds: [], interval: 40, ladder: small, time: 3)
    #expect(small.rungs.indices.contains(rung))
  }

  /// Below four frames a second or so, fewer frames decide: one that has taken seconds is enough.
  @Test func aFewVerySlowFramesDecide() {
    for milliseconds in [[5000.0], [600, 500], [300, 300, 300, 300]] {
      var controller = WorkSizeController()
      for time in [0, 0.6] {
        _ = controller.update(milliseconds: milliseconds, interval: 40, ladder: ladder, time: time)
      }
      #expect(controller.rung > 3, "\(milliseconds)")
    }
    var controller = WorkSizeController()
    for time in [0, 0.6] { _ = controller.update(milliseconds: [200, 200], interval: 40, ladder: ladder, time: time) }
    #expect(controller.rung == 0)
    // A source whose rate is unknown does not change anything.
    for time in [1, 2.0] {
      _ = controller.update(milliseconds: Array(repeating: 900, count: 9), interval: 0, ladder: ladder, time: time)
    }
    #expect(controller.rung == 0)
  }

  /// A machine whose load changes every few seconds does not make the size swing with it.
  @Test func aChangingLoadDoesNotSwing() {
    var controller = WorkSizeController()
    let rungs = simulate(seconds: 300, &controller) { Int($0 / 4) % 2 == 0 ? 70 : 38 }
    let changes = zip(rungs, rungs.dropFirst()).count { $0 != $1 }
    // One for each change of the load would be 75.
    #expect(changes < 25, "\(changes)")
  }

  // MARK: Adaptation

  private let full = WorkSizeLadder.Size(width: 640, height: 360)

  /// The first painting time decides the rung, and the next run begins with it.
  @Test func theFirstTimeDecidesTheFirstSize() throws {
    let adaptation = WorkSizeAdaptation()
    #expect(adaptation.rung == nil && adaptation.lowest == nil)
    adaptation.follow(full: full, canvasLines: nil, weight: 100, interval: 40)
    #expect(adaptation.rung == ladder.rungs[0] && !adaptation.hasMeasured)
    let lowest = try #require(adaptation.lowest)
    #expect(lowest == ladder.rungs.last)
    // At this speed, the full size takes 80 ms.
    let milliseconds = 80 * ladder.cost(lowest) / ladder.cost(ladder.rungs[0])
    adaptation.start(with: milliseconds, at: lowest, interval: 40)
    let found = try #require(adaptation.rung)
    #expect((0.3...0.41).contains(ladder.cost(found) / ladder.cost(ladder.rungs[0])) && adaptation.hasMeasured)
    adaptation.follow(full: full, canvasLines: nil, weight: 100, interval: 40)
    #expect(adaptation.rung == found)

    // The cost of another style is known.
    adaptation.follow(full: full, canvasLines: nil, weight: 25, interval: 40)
    #expect(adaptation.rung == ladder.rungs[0])
    adaptation.follow(full: full, canvasLines: nil, weight: 1e6, interval: 40)
    #expect(adaptation.rung == lowest)
  }

  @Test func rungsWithoutMemoryAreNotUsed() throws {
    let adaptation = WorkSizeAdaptation()
    adaptation.follow(full: full, canvasLines: nil, weight: 1, interval: 40)
    #expect(adaptation.excludeRung() && adaptation.rung == ladder.rungs[1])
    adaptation.start(with: 0.001, at: ladder.rungs[1], interval: 40)
    #expect(adaptation.rung == ladder.rungs[1], "not the one that was excluded")
    for _ in 2..<ladder.rungs.count { #expect(adaptation.excludeRung()) }
    #expect(!adaptation.excludeRung() && adaptation.rung == ladder.rungs.last)
  }
}
