import Networks

/// The sizes at which a network may paint a video. Each has about 0.8 times the pixels of the one above.
///
/// A network with a canvas paints at the canvas size, which is smaller, and only revises at these sizes. Its ladder
/// skips sizes that cost nearly as much as the one above, and continues below the canvas, which shrinks with them, down
/// to a fifth of the canvas's pixels.
package struct WorkSizeLadder: Equatable, Sendable {
  /// A size in pixels.
  package struct Size: Hashable, Sendable {
    /// The width in pixels.
    package var width: Int
    /// The height in pixels.
    package var height: Int

    /// Creates a size.
    package init(width: Int, height: Int) {
      self.width = width
      self.height = height
    }

    /// The number of pixels.
    package var area: Double { Double(width) * Double(height) }
  }

  /// Smaller frames show blots instead of strokes.
  private static let minimumSide = 64
  private static let minimumShare = 0.05
  /// The minimum share of the canvas's pixels. Strokes are then about twice as large.
  private static let minimumCanvasShare = 0.2
  private static let step = 0.8
  /// The approximate cost of revising a pixel, relative to painting one.
  private static let revisionCost = 1 / 16.0
  /// A rung that costs more than this share of the one above is skipped.
  private static let maximumCost = 0.9

  /// The sizes in descending order. There is at least one.
  package let rungs: [Size]
  /// The number of lines of the canvas; nil if there is none.
  package let canvasLines: Int?

  /// Creates the ladder below `full`. All rungs have its aspect ratio, as nearly as multiples of four allow.
  ///
  /// - Parameter canvasLines: The number of lines of the canvas; nil if there is none.
  package init(below full: Size, canvasLines: Int? = nil) {
    self.canvasLines = canvasLines
    let minimumArea =
      (canvasLines == nil ? Self.minimumShare : Self.minimumCanvasShare) * Self.paintedArea(full, canvasLines)
    var rungs = [full]
    var share = Self.step
    while share * full.area >= minimumArea {
      let factor = share.squareRoot()
      let size = Size(
        width: Self.rounded(Double(full.width) * factor), height: Self.rounded(Double(full.height) * factor))
      if min(size.width, size.height) < Self.minimumSide { break }
      let last = rungs[rungs.count - 1]
      let isWorthIt =
        canvasLines == nil || Self.cost(size, canvasLines) <= Self.maximumCost * Self.cost(last, canvasLines)
      if size.area < last.area, isWorthIt { rungs.append(size) }
      share *= Self.step
    }
    self.rungs = rungs
  }

  /// Returns the cost of painting at `size`, relative to other sizes of the ladder.
  package func cost(_ size: Size) -> Double { Self.cost(size, canvasLines) }

  private static func cost(_ size: Size, _ canvasLines: Int?) -> Double {
    paintedArea(size, canvasLines) + (canvasLines == nil ? 0 : revisionCost * size.area)
  }

  private static func paintedArea(_ size: Size, _ canvasLines: Int?) -> Double {
    guard let canvasLines else { return size.area }
    let canvas = Canvas.extents(lines: canvasLines, height: size.height, width: size.width, multiple: 1)
    return Double(canvas.width) * Double(canvas.height)
  }

  private static func rounded(_ extent: Double) -> Int { max(4, Int((extent / 4).rounded()) * 4) }
}

/// Chooses the highest rung at which painting keeps up with the source.
///
/// The controller steps down as soon as frames take longer than the source's interval, by as many rungs as necessary.
/// It steps up one rung at a time when that leaves ample headroom. If a step up turns out to be wrong, it waits longer
/// before the next attempt.
package struct WorkSizeController: Sendable {
  /// Above this share of the frame interval, painting falls behind.
  private static let maximumLoad = 0.97
  /// The target load of a step down.
  private static let aim = 0.82
  /// The maximum predicted load of a step up. It is less than the aim, to prevent oscillation.
  private static let loadForUp = 0.72
  private static let minimumHold = 3.0
  private static let maximumHold = 60.0
  /// A step down within this many seconds of a step up means that the step up was wrong.
  private static let trial = 10.0

  /// The current rung. Rung 0 is the full size.
  package private(set) var rung = 0
  private var hold = minimumHold
  private var lastChange: Double?
  private var lastUp: Double?

  /// Creates a controller on the first rung.
  package init() {}

  /// Updates and returns the rung for the next frames.
  ///
  /// - Parameters:
  ///   - milliseconds: The painting times of recent frames on the current rung.
  ///   - interval: The source's frame interval in milliseconds.
  ///   - time: Seconds since an arbitrary start.
  package mutating func update(milliseconds: [Double], interval: Double, ladder: WorkSizeLadder, time: Double) -> Int {
    rung = min(rung, ladder.rungs.count - 1)
    guard milliseconds.count >= 4, interval > 0 else { return rung }
    let start = lastChange ?? time
    lastChange = start
    // The median, because a single slow frame is no reason to change.
    let load = Self.median(milliseconds) / interval
    if load > Self.maximumLoad, time - start >= 0.5 {
      let cost = ladder.cost(ladder.rungs[rung])
      let fitting = ladder.rungs.firstIndex { load * ladder.cost($0) / cost <= Self.aim } ?? ladder.rungs.count - 1
      if fitting > rung {
        if let lastUp, time - lastUp < Self.trial { hold = min(Self.maximumHold, 2 * hold) }
        change(to: fitting, time)
      }
    } else if rung > 0, time - start >= hold,
      load * ladder.cost(ladder.rungs[rung - 1]) / ladder.cost(ladder.rungs[rung]) <= Self.loadForUp
    {
      if let lastUp, time - lastUp > 2 * Self.trial { hold = Self.minimumHold }
      change(to: rung - 1, time)
      lastUp = time
    }
    return rung
  }

  /// Switches to the rung of another ladder that is nearest in size.
  package mutating func move(from ladder: WorkSizeLadder, to other: WorkSizeLadder) {
    let area = ladder.rungs[min(rung, ladder.rungs.count - 1)].area
    func distance(_ rung: Int) -> Double { abs(other.rungs[rung].area - area) }
    rung = other.rungs.indices.min { distance($0) < distance($1) } ?? 0
  }

  private mutating func change(to rung: Int, _ time: Double) {
    self.rung = rung
    lastChange = time
  }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted[sorted.count / 2]
  }
}
