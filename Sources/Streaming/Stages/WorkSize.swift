import Networks

/// The sizes at which a network may paint a video, from its full one downwards: each has 0.8 of the pixels of the one
/// above.
///
/// A network with a canvas paints at the size of that, which is smaller, and only revises at these sizes. Of them,
/// those are left out that would cost nearly as much as the one above, and they go on below the canvas, which shrinks
/// with them, to a fifth of its pixels.
public struct WorkSizeLadder: Equatable, Sendable {
  /// A picture's size in pixels.
  public struct Size: Hashable, Sendable {
    /// Pixels across.
    public var width: Int
    /// Pixels down.
    public var height: Int

    /// A size.
    public init(width: Int, height: Int) {
      self.width = width
      self.height = height
    }

    /// The number of pixels.
    public var area: Double { Double(width) * Double(height) }
  }

  /// Smaller pictures show no strokes, only blots.
  private static let minimumSide = 64
  private static let minimumShare = 0.05
  /// Of the pixels of the canvas: its strokes are twice as large then.
  private static let minimumCanvasShare = 0.2
  private static let step = 0.8
  /// What revising a pixel costs beside painting one, roughly.
  private static let revisionCost = 1 / 16.0
  /// A rung that costs more than this share of the one above is not worth a change.
  private static let maximumCost = 0.9

  /// The sizes, the greatest first; at least one.
  public let rungs: [Size]
  /// The lines of the canvas; nil where there is none.
  public let canvasLines: Int?

  /// The ladder below `full`, whose shape all rungs have as nearly as multiples of four allow, for a canvas of
  /// `canvasLines` or none.
  public init(below full: Size, canvasLines: Int? = nil) {
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

  /// What painting at `size` costs, relative to other sizes of the ladder.
  public func cost(_ size: Size) -> Double { Self.cost(size, canvasLines) }

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

/// Chooses the rung on which painting keeps up with the source.
///
/// It goes down as soon as frames take longer than the source leaves, far enough at once; it goes up one rung when that
/// would leave much room, and waits longer before the next try where that turned out wrong.
public struct WorkSizeController: Sendable {
  /// Above this share of the interval between frames, painting falls behind.
  private static let maximumLoad = 0.97
  /// What a step down aims at.
  private static let aim = 0.82
  /// What a step up may need at most: less than the aim, or the two would take turns.
  private static let loadForUp = 0.72
  private static let minimumHold = 3.0
  private static let maximumHold = 60.0
  /// A step down so soon after one up means that the one up was wrong.
  private static let trial = 10.0

  /// The rung chosen last; 0 is the greatest size.
  public private(set) var rung = 0
  private var hold = minimumHold
  private var lastChange: Double?
  private var lastUp: Double?

  /// A controller on the first rung.
  public init() {}

  /// The rung for the frames from now on.
  ///
  /// - Parameters:
  ///   - milliseconds: How long the latest frames took to paint, on the present rung.
  ///   - interval: Milliseconds from frame to frame of the source.
  ///   - time: Seconds since any beginning.
  public mutating func update(milliseconds: [Double], interval: Double, ladder: WorkSizeLadder, time: Double) -> Int {
    rung = min(rung, ladder.rungs.count - 1)
    guard milliseconds.count >= 4, interval > 0 else { return rung }
    let start = lastChange ?? time
    lastChange = start
    // One slow frame is no reason to change.
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

  /// Goes over to another ladder, to the rung there that is nearest to the present one.
  public mutating func move(from ladder: WorkSizeLadder, to other: WorkSizeLadder) {
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
