import Threading

extension Stylization {
  /// Runs twenty times a second: checks whether to stop and, for `.newest` frames, applies scripted style changes and
  /// adapts the work size.
  func control(
    _ circle: SlotCircle, _ shouldStop: () -> Bool, _ observe: (StylizationStatistics) -> Void
  ) throws {
    var adaptation = WorkSizeAdaptation(below: fullSize, canvasLines: style.canvasLines)
    var step = 0
    var ticks = 0
    while !circle.waitForEnd(milliseconds: 50) {
      ticks += 1
      if !isStopped, shouldStop() { stop() }
      if options.frames == .newest {
        try options.script?.perform(from: &step, until: time, on: style) { _ in .now }
        try adapt(&adaptation)
      }
      if ticks % 5 == 0 { observe(statistics) }
    }
    observe(statistics)
  }

  private func adapt(_ adaptation: inout WorkSizeAdaptation) throws {
    adaptation.follow(full: fullSize, canvasLines: style.canvasLines)
    if options.adaptsWorkSize, !isStopped {
      let rate = counters.arrivalRate
      // With n frames painted at a time, each has n intervals.
      adaptation.update(
        milliseconds: counters.recentPaintings,
        interval: rate > 0 ? 1000 * Double(style.parallelFrames) / rate : 0, time: counters.elapsed.seconds)
    }
    let size = adaptation.size
    if size != style.workSize {
      try style.prepare(width: size.width, height: size.height)
      counters.noteWorkSizeChange()
    }
  }
}

/// The work size of a run: a ladder and the controller that moves on it.
private struct WorkSizeAdaptation {
  private var ladder: WorkSizeLadder
  private var controller = WorkSizeController()

  init(below full: WorkSizeLadder.Size, canvasLines: Int?) {
    ladder = WorkSizeLadder(below: full, canvasLines: canvasLines)
  }

  var size: WorkSizeLadder.Size { ladder.rungs[min(controller.rung, ladder.rungs.count - 1)] }

  /// Switches to another ladder if the source's size or the style's canvas has changed.
  mutating func follow(full: WorkSizeLadder.Size, canvasLines: Int?) {
    guard ladder.canvasLines != canvasLines || ladder.rungs[0] != full else { return }
    let other = WorkSizeLadder(below: full, canvasLines: canvasLines)
    if ladder.canvasLines != canvasLines { controller.move(from: ladder, to: other) }
    ladder = other
  }

  mutating func update(milliseconds: [Double], interval: Double, time: Double) {
    _ = controller.update(milliseconds: milliseconds, interval: interval, ladder: ladder, time: time)
  }
}
