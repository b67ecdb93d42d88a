import FFmpeg
import Inference
import Threading

extension Stylization {
  /// Runs twenty times a second: checks whether to stop and, for `.newest` frames, applies scripted style changes and
  /// adapts the work size.
  func control(
    _ circle: SlotCircle, _ shouldStop: () -> Bool, _ observe: (StylizationStatistics) -> Void
  ) throws {
    var step = 0
    var ticks = 0
    while !circle.waitForEnd(milliseconds: 50) {
      ticks += 1
      if !isStopped, shouldStop() { stop() }
      if options.frames == .newest {
        try options.script?.perform(from: &step, until: time, on: style) { _ in .now }
        try adapt()
      }
      if ticks % 5 == 0 { observe(statistics) }
    }
    observe(statistics)
  }

  /// Prepares the style for the first frame. If the work size adapts, the time of painting a small picture decides it,
  /// so that a slow network keeps up from the first frame.
  func prepareStyle() throws {
    let (full, styleCount) = (fullSize, options.script?.styleCount ?? 1)
    let adapts = options.adaptsWorkSize && options.frames == .newest
    // The full size determines the number of frames that are painted at a time.
    if !adapts || style.painters.isEmpty {
      try style.prepare(width: full.width, height: full.height, styleCount: styleCount)
    }
    guard options.frames == .newest else { return }
    follow()
    if adapts, !adaptation.hasMeasured { try measure() }
    try prepareRung()
  }

  /// Paints small pictures, each at the rung that the time of the one before suggests.
  private func measure() throws {
    guard var rung = adaptation.lowest else { return }
    try style.prepare(rung)
    for _ in 0..<Self.measurementCount {
      guard let milliseconds = try paintingTime(rung.size) else { return }
      adaptation.start(with: milliseconds, at: rung, interval: usualInterval)
      try prepareRung()
      guard let better = style.rung, better != rung else { return }
      rung = better
    }
  }

  private static let measurementCount = 3

  /// Returns the time in milliseconds of painting a grey picture. The first one may take longer than those that follow.
  private func paintingTime(_ size: WorkSizeLadder.Size) throws -> Double? {
    let format = VideoFormat(width: size.width, height: size.height, pixelFormat: .rgb24)
    let (source, painted) = (try Frame(format), try Frame(format))
    guard let from = source.plane(0), let to = painted.plane(0) else { return nil }
    from.update(repeating: 128, count: source.stride(0) * size.height)
    var best = Double.infinity
    for _ in 0..<2 where best > usualInterval && !isStopped {
      let start = ContinuousClock.now
      try style.stylize(
        from, sourceStride: source.stride(0), into: to, destinationStride: painted.stride(0), place: 0)
      best = min(best, start.duration(to: .now).milliseconds)
    }
    return best.isFinite ? best : nil
  }

  /// The interval of the source's frames in milliseconds as the source says, or a usual one. With n frames painted at a
  /// time, each has n intervals.
  private var usualInterval: Double {
    let rate = source.description.frameRate.map(\.value) ?? 0
    return 1000 * Double(max(1, style.parallelFrames)) / ((1...120).contains(rate) ? rate : 30)
  }

  private func follow() {
    adaptation.follow(
      full: fullSize, canvasLines: style.canvasLines, weight: style.weight, interval: usualInterval)
  }

  private func adapt() throws {
    follow()
    let (generation, age) = style.generation
    // A fade costs the time of both sides. It is no reason to change the work size unless it is long.
    let isBrief = age < .seconds(3) && style.settings.isFading
    if options.adaptsWorkSize, !isStopped, !isBrief, let rate = counters.arrivalRate {
      adaptation.update(
        milliseconds: counters.recentPaintings(generation: generation),
        interval: 1000 * Double(style.parallelFrames) / rate)
    }
    if adaptation.rung != style.rung {
      try prepareRung()
      counters.noteWorkSizeChange()
    }
  }

  /// Prepares the rung of the adaptation, or the next lower one for which memory suffices.
  private func prepareRung() throws {
    while let rung = adaptation.rung {
      do {
        return try style.prepare(rung, styleCount: options.script?.styleCount ?? 1)
      } catch let error as InferenceError {
        guard case .insufficientMemory = error, options.adaptsWorkSize, adaptation.excludeRung() else { throw error }
      }
    }
  }

  /// Why the picture is coarser than the style could paint it; nil if it is not.
  package var reduction: WorkReduction? {
    let settings = style.settings
    let (full, painted) = (fullSize, WorkSizeLadder.Size(width: settings.workWidth, height: settings.workHeight))
    guard options.frames == .newest, options.adaptsWorkSize, painted.area > 0 else { return nil }
    if let strokes = settings.strokes, let larger = settings.paintedStrokes, larger != strokes {
      return .strokes(painted: larger, chosen: strokes)
    }
    guard painted.area < full.area else { return nil }
    return .size(width: painted.width, height: painted.height, fullWidth: full.width, fullHeight: full.height)
  }
}
