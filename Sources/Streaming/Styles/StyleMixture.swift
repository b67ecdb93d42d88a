import Networks

/// What is painted at each moment: styles with shares that lead over from one mixture to another, and what of the
/// source shows through.
struct StyleMixture {
  /// The number of styles that are painted at a time, at most.
  static let maximumCount = 4
  /// Less than that of a style does not change a pixel.
  private static let minimumShare = 1.0 / 512

  /// A style in the mixture.
  struct Layer {
    let style: NamedStyle
    /// The lines of its canvas; nil where it has none.
    let canvasLines: Int?
    /// Of the present size; nil before one is prepared.
    var stylizers: Stylizers?
    /// Shares at the beginning and at the end of the fade.
    var from = 0.0
    var to: Double

    init(_ style: NamedStyle, _ strokes: Strokes, share: Double) {
      self.style = style
      canvasLines = style.model.canvasLines(for: strokes)
      to = share
    }

    /// Whether both paint alike, at any size.
    func paints(like other: Layer) -> Bool { style.model === other.style.model && canvasLines == other.canvasLines }
  }

  /// A change that takes its time.
  private struct Fade {
    var start = ContinuousClock.now
    var length = Duration.zero

    /// From 0 at the beginning to 1 at the end.
    func progress(at time: ContinuousClock.Instant) -> Double {
      guard length > .zero else { return 1 }
      return min(1, max(0, start.duration(to: time) / length))
    }
  }

  private(set) var layers: [Layer]
  private var mixing = Fade()
  /// How large the strokes of all styles with a canvas are.
  private(set) var strokes: Strokes
  private var blendFrom: FrameBlend
  /// What of the source shows through at the end of the fade.
  private(set) var blend: FrameBlend
  private var blending = Fade()

  /// One style.
  init(_ style: NamedStyle, _ strokes: Strokes, _ blend: FrameBlend) {
    layers = [Layer(style, strokes, share: 1)]
    self.strokes = strokes
    (blendFrom, self.blend) = (blend, blend)
  }

  /// The layers that stay at the end of the fade.
  var staying: [Layer] { layers.filter { $0.to > 0 } }

  /// The number of lines of the finest canvas that stays; nil where a style has none and is painted at the work size.
  var canvasLines: Int? {
    let lines = staying.map(\.canvasLines)
    return lines.contains(nil) ? nil : lines.compactMap(\.self).max()
  }

  // MARK: Changes

  /// Leads over to other layers, whose shares add up to 1, from the shares of `time`.
  mutating func lead(to wanted: [Layer], _ strokes: Strokes, fade: Duration, at time: ContinuousClock.Instant) {
    let progress = mixing.progress(at: time)
    let present = layers.map { layer in
      var layer = layer
      layer.from += (layer.to - layer.from) * progress
      return layer
    }
    var result = wanted
    for index in result.indices { result[index].from = present.first { $0.paints(like: result[index]) }?.from ?? 0 }
    if fade > .zero {
      // The old ones leave slowly; of those that leave already, no more than can be painted at a time.
      for var old in present where old.from > 0 && !wanted.contains(where: { $0.paints(like: old) }) {
        old.to = 0
        result.append(old)
      }
      while result.count > Self.maximumCount,
        let smallest = result.indices.filter({ result[$0].to == 0 }).min(by: { result[$0].from < result[$1].from })
      {
        result.remove(at: smallest)
      }
    }
    layers = result
    self.strokes = strokes
    mixing = Fade(start: time, length: fade)
  }

  /// Leads the strength over; the colours change at once.
  mutating func lead(to blend: FrameBlend, fade: Duration, at time: ContinuousClock.Instant) {
    blendFrom = self.blend(at: time)
    blendFrom.preservesColors = blend.preservesColors
    self.blend = blend
    blending = Fade(start: time, length: fade)
  }

  /// Takes those layers out that have left at `time`, and returns them.
  mutating func removeLeft(at time: ContinuousClock.Instant) -> [Layer] {
    guard mixing.progress(at: time) >= 1 else { return [] }
    let gone = layers.filter { $0.to == 0 }
    if !gone.isEmpty { layers.removeAll { $0.to == 0 } }
    return gone
  }

  /// Gives each layer the stylizers of its like in `made`.
  mutating func takeStylizers(of made: [Layer]) {
    for index in layers.indices {
      layers[index].stylizers = made.first { $0.paints(like: layers[index]) }?.stylizers
    }
  }

  // MARK: Moments

  func isFading(at time: ContinuousClock.Instant) -> Bool {
    mixing.progress(at: time) < 1 || blending.progress(at: time) < 1
  }

  func blend(at time: ContinuousClock.Instant) -> FrameBlend {
    var result = blend
    result.strength = blendFrom.strength + (blend.strength - blendFrom.strength) * blending.progress(at: time)
    return result
  }

  /// What counts for a frame of that time.
  func parts(at time: ContinuousClock.Instant) -> [FrameRecipe.Part] {
    let progress = mixing.progress(at: time)
    return layers.compactMap { layer in
      let share = layer.from + (layer.to - layer.from) * progress
      guard share > Self.minimumShare, let stylizers = layer.stylizers else { return nil }
      return FrameRecipe.Part(stylizers: stylizers, share: share)
    }
  }
}
