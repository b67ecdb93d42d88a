import Networks

/// The ways in which a style may paint a video, from the full quality down. Each costs noticeably less than the one
/// above.
///
/// Without a canvas, the network paints at sizes with about 0.8 times the pixels of the one above. A network with a
/// canvas paints on the canvas, which is smaller, and only revises at the work size. Its ladder makes the canvas
/// smaller in steps of the named stroke sizes, so that strokes grow by 1.4, and keeps the work size in proportion.
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

    /// Returns a size with this share of the pixels and nearly this aspect ratio. The sides are multiples of four.
    func scaled(toShare share: Double) -> Size {
      func rounded(_ extent: Int) -> Int { max(4, Int((Double(extent) * share.squareRoot() / 4).rounded()) * 4) }
      return share >= 1 ? self : Size(width: rounded(width), height: rounded(height))
    }
  }

  /// A way to paint.
  package struct Rung: Hashable, Sendable {
    /// The size of the frames that the network takes.
    package var size: Size
    /// The maximum number of lines of the canvas; nil for no limit.
    package var canvasLines: Int?

    /// Creates a rung.
    package init(_ size: Size, canvasLines: Int? = nil) {
      self.size = size
      self.canvasLines = canvasLines
    }
  }

  /// Smaller frames show blots instead of strokes.
  private static let minimumSide = 64
  private static let minimumShare = 0.05
  private static let step = 0.8
  /// The number of times that the strokes may grow. After three, they are 2.7 times as large.
  private static let strokeSteps = 3
  /// The maximum numbers of pixels of the work size for one of the canvas. At the first, revising costs half as much as
  /// painting; the second is the last resort.
  private static let (usualRevision, leastRevision) = (8.0, 2.0)
  /// The approximate cost of revising a pixel, relative to painting one.
  private static let revisionCost = 1 / 16.0
  /// A rung that costs more than this share of the one above is skipped.
  private static let maximumCost = 0.9

  /// The rungs in descending order. There is at least one.
  package let rungs: [Rung]
  /// The number of lines of the canvas on the first rung; nil if there is none.
  package let canvasLines: Int?
  /// The size of the first rung.
  package var full: Size { rungs[0].size }

  /// Creates the ladder below `full`.
  ///
  /// - Parameter canvasLines: The number of lines of the canvas; nil if there is none.
  package init(below full: Size, canvasLines: Int? = nil) {
    self.canvasLines = canvasLines
    var rungs = [Rung(full)]
    var cost = Self.cost(rungs[0], canvasLines)
    for rung in canvasLines.map({ Self.canvases(full, $0) }) ?? Self.sizes(full) {
      let lower = Self.cost(rung, canvasLines)
      let isWorthIt = canvasLines == nil ? lower < cost : lower <= Self.maximumCost * cost
      guard isWorthIt, min(rung.size.width, rung.size.height) >= Self.minimumSide else { continue }
      rungs.append(rung)
      cost = lower
    }
    self.rungs = rungs
  }

  private static func sizes(_ full: Size) -> [Rung] {
    sequence(first: step) { $0 * step }.prefix { $0 >= minimumShare }.map { Rung(full.scaled(toShare: $0)) }
  }

  private static func canvases(_ full: Size, _ canvasLines: Int) -> [Rung] {
    var lines = [canvasLines]
    // A canvas is never larger than the frame.
    let most = min(canvasLines, full.width, full.height)
    for _ in 0..<2 * strokeSteps where lines.filter({ $0 < most }).count < strokeSteps {
      lines.append(Int((Double(lines[lines.count - 1]) / StrokeSize.large.factor).rounded()))
    }
    func rung(_ lines: Int, _ revision: Double) -> Rung {
      let share = revision * canvasArea(full, lines) / full.area
      return Rung(full.scaled(toShare: share), canvasLines: lines)
    }
    let allowed = lines.filter { Canvas.lines.contains($0) }
    return allowed.map { rung($0, usualRevision) } + (allowed.last.map { [rung($0, leastRevision)] } ?? [])
  }

  /// Returns the cost of painting at `rung`, relative to other rungs of all ladders: the number of pixels that the
  /// network paints, and a share of those that it revises.
  package func cost(_ rung: Rung) -> Double { Self.cost(rung, canvasLines) }

  private static func cost(_ rung: Rung, _ canvasLines: Int?) -> Double {
    guard let canvasLines else { return rung.size.area }
    let lines = min(canvasLines, rung.canvasLines ?? canvasLines)
    return canvasArea(rung.size, lines) + revisionCost * rung.size.area
  }

  private static func canvasArea(_ size: Size, _ lines: Int) -> Double {
    let canvas = Canvas.extents(lines: lines, height: size.height, width: size.width, multiple: 1)
    return Double(canvas.width) * Double(canvas.height)
  }
}
