import Networks

/// The styles and the blend at each moment, including fades between mixtures.
struct StyleMixture {
  /// The maximum number of styles that are painted at a time.
  static let maximumCount = 4
  /// A smaller share does not change any pixel.
  private static let minimumShare = 1.0 / 512

  /// A style in the mixture.
  struct Layer {
    let style: NamedStyle
    /// The number of canvas lines; nil without a canvas.
    let canvasLines: Int?
    /// The cost of painting a pixel, see ``StylizerFactory/multiplyAddsPerPixel``.
    let weight: Double
    /// Stylizers of the current rung; nil before one is prepared.
    var stylizers: Stylizers?
    /// The shares at the start and the end of the fade.
    var from = 0.0
    var to: Double
    /// Whether the layer is painted outside of a mask.
    let isOutside: Bool

    init(_ style: NamedStyle, _ strokes: Strokes, share: Double, isOutside: Bool = false) {
      self.isOutside = isOutside
      self.style = style
      canvasLines = style.model.canvasLines(for: strokes)
      weight = style.model.multiplyAddsPerPixel
      to = share
    }

    /// Whether both layers paint identically at every size.
    func paints(like other: Layer) -> Bool { style.model === other.style.model && canvasLines == other.canvasLines }

    /// Whether both layers are the same part of a mixture.
    func isSame(as other: Layer) -> Bool { paints(like: other) && isOutside == other.isOutside }
  }

  /// A gradual change.
  private struct Fade {
    var start = ContinuousClock.now
    var length = Duration.zero

    /// Returns the progress from 0 at the start to 1 at the end.
    func progress(at time: ContinuousClock.Instant) -> Double {
      guard length > .zero else { return 1 }
      return min(1, max(0, start.duration(to: time) / length))
    }
  }

  private(set) var layers: [Layer]
  private var mixing = Fade()
  /// The stroke size of all styles with a canvas.
  private(set) var strokes: Strokes
  /// The strength at the start of the fade.
  private var strengthFrom: Double
  /// The blend at the end of the fade.
  private(set) var blend: FrameBlend
  private var blending = Fade()

  /// Creates a mixture of one style.
  init(_ style: NamedStyle, _ strokes: Strokes, _ blend: FrameBlend) {
    layers = [Layer(style, strokes, share: 1)]
    self.strokes = strokes
    (strengthFrom, self.blend) = (blend.strength, blend)
  }

  /// The layers that remain after the fade, inside of a mask.
  var staying: [Layer] { layers.filter { $0.to > 0 && !$0.isOutside } }

  /// The layers that remain after the fade, outside of a mask.
  var outside: [Layer] { layers.filter { $0.to > 0 && $0.isOutside } }

  /// The maximum number of canvas lines among the layers that remain; nil if one has no canvas and paints at the work
  /// size.
  var canvasLines: Int? {
    let lines = (staying + outside).map(\.canvasLines)
    return lines.contains(nil) ? nil : lines.compactMap(\.self).max()
  }

  /// The cost of painting a pixel with all layers that remain.
  var weight: Double { (staying + outside).reduce(0) { $0 + $1.weight } }

  // MARK: Changes

  /// Fades from the shares at `time` to other layers, whose shares add up to 1, inside of a mask and outside.
  mutating func lead(to wanted: [Layer], _ strokes: Strokes, fade: Duration, at time: ContinuousClock.Instant) {
    let progress = mixing.progress(at: time)
    let present = layers.map { layer in
      var layer = layer
      layer.from += (layer.to - layer.from) * progress
      return layer
    }
    var result = wanted
    for index in result.indices {
      // Where nothing was painted outside, there is nothing to fade from.
      let usual = result[index].isOutside && outside.isEmpty ? result[index].to : 0
      result[index].from = present.first { $0.isSame(as: result[index]) }?.from ?? usual
    }
    if fade > .zero {
      // Fade out the old layers, but keep no more than can be painted at a time.
      for var old in present where old.from > 0 && !wanted.contains(where: { $0.isSame(as: old) }) {
        old.to = 0
        result.append(old)
      }
      let maximum = Self.maximumCount + wanted.count { $0.isOutside }
      while result.count > maximum,
        let smallest = result.indices.filter({ result[$0].to == 0 }).min(by: { result[$0].from < result[$1].from })
      {
        result.remove(at: smallest)
      }
    }
    layers = result
    self.strokes = strokes
    mixing = Fade(start: time, length: fade)
  }

  /// Fades the strength. All other properties change at once.
  mutating func lead(to blend: FrameBlend, fade: Duration, at time: ContinuousClock.Instant) {
    strengthFrom = self.blend(at: time).strength
    self.blend = blend
    blending = Fade(start: time, length: fade)
  }

  /// Removes and returns the layers that have faded out by `time`.
  mutating func removeLeft(at time: ContinuousClock.Instant) -> [Layer] {
    guard mixing.progress(at: time) >= 1 else { return [] }
    let gone = layers.filter { $0.to == 0 }
    if !gone.isEmpty { layers.removeAll { $0.to == 0 } }
    return gone
  }

  /// Gives each layer the stylizers of the identical layer in `made`.
  mutating func takeStylizers(of made: [Layer]) {
    for index in layers.indices {
      layers[index].stylizers = made.first { $0.paints(like: layers[index]) }?.stylizers
    }
  }

  // MARK: State at a time

  func isFading(at time: ContinuousClock.Instant) -> Bool {
    mixing.progress(at: time) < 1 || blending.progress(at: time) < 1
  }

  func blend(at time: ContinuousClock.Instant) -> FrameBlend {
    var result = blend
    result.strength = strengthFrom + (blend.strength - strengthFrom) * blending.progress(at: time)
    return result
  }

  /// Returns the parts to paint at `time`, inside or outside of a mask.
  func parts(at time: ContinuousClock.Instant, outside: Bool = false) -> [FrameRecipe.Part] {
    let progress = mixing.progress(at: time)
    return layers.compactMap { layer in
      guard layer.isOutside == outside else { return nil }
      let share = layer.from + (layer.to - layer.from) * progress
      guard share > Self.minimumShare, let stylizers = layer.stylizers else { return nil }
      return FrameRecipe.Part(stylizers: stylizers, share: share)
    }
  }
}
