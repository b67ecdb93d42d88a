import FFmpeg
import Imaging
import Inference
import Networks
import Synchronization
import Threading

/// The style of a video that changes while it is painted: another one, a mixture of several, more or less of it.
///
/// Controls may be called from any thread. Whatever takes time (checking models, making engines) happens on the calling thread:
/// the frames meanwhile are painted as before. A mixture is the mean of the pictures, weighted: each style in it costs a run of
/// its network, during a fade those of both sides. How large strokes are is set for all styles at once; those without a canvas have strokes
/// of one size only.
public final class LiveStyle: FrameStylizer, @unchecked Sendable {
  /// What is set at one moment.
  public struct State: Sendable {
    /// The styles and their shares, which add up to 1: where a fade leads to.
    public var styles: [(name: String, share: Double)]
    /// How large the strokes are: where a fade leads to; nil where no style has a canvas.
    public var strokes: Strokes?
    /// What of the source shows through: where a fade leads to.
    public var blend: FrameBlend
    /// Whether a fade is under way.
    public var isFading: Bool
    /// The width at which the networks paint.
    public var workWidth: Int
    /// The height at which the networks paint.
    public var workHeight: Int
    /// The extents of the first canvas among the styles'; nil where there is none.
    public var canvas: (width: Int, height: Int)?
  }

  /// The most styles in a mixture.
  public static let greatestStyleCount = 4

  private struct Layer {
    let style: NamedStyle
    /// The lines of its canvas; nil where it has none.
    let canvasLines: Int?
    var engines: [WorkSizeLadder.Size: StyleEngine]
    /// Shares at the beginning and at the end of the fade.
    var from: Double
    var to: Double

    /// Whether both paint alike, at any size.
    func paints(like other: Layer) -> Bool { style.model === other.style.model && canvasLines == other.canvasLines }
  }

  private struct Changing {
    var layers: [Layer] = []
    var mixing = Fade()
    var strokes: Strokes
    var blendFrom: FrameBlend
    var blendTo: FrameBlend
    var blending = Fade()
    /// The present size, and the one before: frames of that may still be on their way.
    var sizes: [WorkSizeLadder.Size] = []
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

  private let pool: ComputePool
  private let turn: (@Sendable (_ paint: () throws -> Void) throws -> Void)?
  private let state: Mutex<Changing>
  /// Held by one change at a time, however long it takes; painting does not ask for it.
  private let control = Mutex(())
  /// The second picture of a mixture; of the painting thread.
  private var scratch: Frame?

  /// A style that paints with `pool`, at a size that is still to be prepared.
  ///
  /// `turn`, if given, is called around each frame's painting: runs that share a pool can take turns in it.
  public init(
    _ style: NamedStyle, pool: ComputePool, blend: FrameBlend = FrameBlend(), strokes: Strokes = .medium,
    turn: (@Sendable (_ paint: () throws -> Void) throws -> Void)? = nil
  ) {
    self.pool = pool
    self.turn = turn
    let layer = Layer(
      style: style, canvasLines: style.model.definition.canvasLines(for: strokes), engines: [:], from: 1, to: 1)
    state = Mutex(Changing(layers: [layer], strokes: strokes, blendFrom: blend, blendTo: blend))
  }

  // MARK: Control

  /// Goes over to one style, in the length of `fade`. Throws `InferenceError` where the memory does not suffice; all stays as
  /// it was then.
  public func select(_ style: NamedStyle, fade: Duration = .zero) throws { try mix([(style, 1)], fade: fade) }

  /// Goes over to a mixture, and to strokes of another size where these are given, in the length of `fade`. Shares are relative; styles
  /// with none are left out.
  ///
  /// Throws ``LiveStyleError`` where nothing is left or there are too many, `ModelError` where strokes are given and no style has a canvas,
  /// `InferenceError` where the canvas is out of range or the memory does not suffice; all stays as it was then.
  public func mix(
    _ styles: [(style: NamedStyle, share: Double)], strokes: Strokes? = nil, fade: Duration = .zero
  ) throws {
    var wanted: [(style: NamedStyle, share: Double)] = []
    for (style, share) in styles where share > 0 && share.isFinite {
      if let index = wanted.firstIndex(where: { $0.style.model === style.model }) {
        wanted[index].share += share
      } else {
        wanted.append((style, share))
      }
    }
    guard !wanted.isEmpty else { throw LiveStyleError.nothingToMix }
    guard wanted.count <= Self.greatestStyleCount else { throw LiveStyleError.tooManyStyles(count: wanted.count) }
    let sum = wanted.reduce(0) { $0 + $1.share }
    try control.withLock { _ in try lead(to: wanted.map { ($0.style, $0.share / sum) }, strokes, fade: fade) }
  }

  /// Goes over to strokes of another size, in the length of `fade`; styles without a canvas stay as they are, and styles that come later
  /// are painted with these strokes too. Throws as ``mix(_:strokes:fade:)`` does.
  public func setStrokes(_ strokes: Strokes, fade: Duration = .zero) throws {
    try control.withLock { _ in
      let present = state.withLock { $0.layers.filter { $0.to > 0 } }
      try lead(to: present.map { ($0.style, $0.to) }, strokes, fade: fade)
    }
  }

  /// The shares add up to 1. To be called with `control` held.
  private func lead(to wanted: [(style: NamedStyle, share: Double)], _ chosen: Strokes?, fade: Duration) throws {
    if chosen != nil, wanted.allSatisfy({ $0.style.model.definition.canvasLines == nil }) {
      throw ModelError.noCanvas(styles: wanted.map(\.style.name))
    }
    let (known, sizes, strokes) = state.withLock { ($0.layers, $0.sizes, chosen ?? $0.strokes) }
    var layers: [Layer] = []
    for (style, share) in wanted {
      let lines = style.model.definition.canvasLines(for: strokes)
      var layer = Layer(style: style, canvasLines: lines, engines: [:], from: 0, to: 0)
      layer = known.first { $0.paints(like: layer) } ?? layer
      try addEngines(to: &layer, sizes)
      layer.to = share
      layers.append(layer)
    }
    state.withLock { state in
      let now = ContinuousClock.now
      let progress = state.mixing.progress(at: now)
      for index in layers.indices {
        let old = state.layers.first { $0.paints(like: layers[index]) }
        layers[index].from = old.map { $0.from + (($0.to - $0.from) * progress) } ?? 0
      }
      if fade > .zero {
        // The old ones leave slowly; of those that leave already, no more than can be painted at a time.
        for var old in state.layers where !layers.contains(where: { $0.paints(like: old) }) {
          old.from += (old.to - old.from) * progress
          old.to = 0
          if old.from > 0 { layers.append(old) }
        }
        while layers.count > Self.greatestStyleCount, let least = Self.leastLeaving(layers) {
          layers.remove(at: least)
        }
      }
      state.layers = layers
      state.strokes = strokes
      state.mixing = Fade(start: now, length: fade)
    }
  }

  private static func leastLeaving(_ layers: [Layer]) -> Int? {
    layers.indices.filter { layers[$0].to == 0 }.min { layers[$0].from < layers[$1].from }
  }

  /// Changes what of the source shows through; the strength goes over in the length of `fade`.
  public func setBlend(_ blend: FrameBlend, fade: Duration = .zero) {
    state.withLock { state in
      state.blendFrom = Self.blend(state)
      state.blendFrom.preservesColors = blend.preservesColors
      state.blendTo = blend
      state.blending = Fade(start: .now, length: fade)
    }
  }

  /// What is set.
  public var settings: State {
    state.withLock { state in
      let now = ContinuousClock.now
      let layers = state.layers.filter { $0.to > 0 }
      let size = state.sizes.first
      return State(
        styles: layers.map { ($0.style.name, $0.to) },
        strokes: layers.contains { $0.canvasLines != nil } ? state.strokes : nil, blend: state.blendTo,
        isFading: state.mixing.progress(at: now) < 1 || state.blending.progress(at: now) < 1,
        workWidth: size?.width ?? 0, workHeight: size?.height ?? 0, canvas: Self.canvas(of: layers, state.strokes, size)
      )
    }
  }

  private static func canvas(
    of layers: [Layer], _ strokes: Strokes, _ size: WorkSizeLadder.Size?
  ) -> (width: Int, height: Int)? {
    guard let size, let first = layers.first(where: { $0.canvasLines != nil }) else { return nil }
    return first.style.model.definition
      .canvasExtents(for: strokes, height: size.height, width: size.width).map { ($0.width, $0.height) }
  }

  /// The most lines among the canvases of the styles that it leads to; nil where one of them has none and is painted at the full work size.
  var canvasLines: Int? {
    state.withLock { state in
      let lines = state.layers.filter { $0.to > 0 }.map(\.canvasLines)
      return lines.contains(nil) ? nil : lines.compactMap(\.self).max()
    }
  }

  /// The styles that are painted with at present.
  var stylesInUse: [NamedStyle] { state.withLock { $0.layers.map(\.style) } }

  private static func blend(_ state: Changing) -> FrameBlend {
    let progress = state.blending.progress(at: .now)
    var blend = state.blendTo
    blend.strength = state.blendFrom.strength + (state.blendTo.strength - state.blendFrom.strength) * progress
    return blend
  }

  /// What of the source shows through at this moment.
  var currentBlend: FrameBlend { state.withLock { Self.blend($0) } }

  // MARK: Sizes

  /// Makes engines for pictures of another size, and has later frames be of that size.
  ///
  /// Throws `InferenceError` where the size is out of range or the memory does not suffice; all stays as it was then.
  public func prepare(width: Int, height: Int) throws {
    let size = WorkSizeLadder.Size(width: width, height: height)
    try control.withLock { _ in
      var (layers, sizes) = state.withLock { ($0.layers, $0.sizes) }
      guard sizes.first != size else { return }
      sizes = [size] + sizes.filter { $0 != size }.prefix(1)
      for index in layers.indices { try addEngines(to: &layers[index], [size]) }
      let made = layers
      state.withLock { state in
        for index in state.layers.indices {
          let engine = made.first { $0.paints(like: state.layers[index]) }?.engines[size]
          state.layers[index].engines[size] = engine
          state.layers[index].engines = state.layers[index].engines.filter { sizes.contains($0.key) }
        }
        state.sizes = sizes
      }
    }
  }

  private func addEngines(to layer: inout Layer, _ sizes: [WorkSizeLadder.Size]) throws {
    for size in sizes where layer.engines[size] == nil {
      layer.engines[size] = try StyleEngine(
        model: layer.style.model, width: size.width, height: size.height, pool: pool, canvasLines: layer.canvasLines)
    }
  }

  /// Pixels across of the frames to come; 0 before a size is prepared.
  public var width: Int { state.withLock { $0.sizes.first?.width ?? 0 } }
  /// Pixels down of the frames to come; 0 before a size is prepared.
  public var height: Int { state.withLock { $0.sizes.first?.height ?? 0 } }
  var size: WorkSizeLadder.Size { state.withLock { $0.sizes.first } ?? WorkSizeLadder.Size(width: 0, height: 0) }

  // MARK: Painting

  /// Paints a picture of the present size; for one thread.
  public func stylize(
    _ source: UnsafePointer<UInt8>, sourceStride: Int, into destination: UnsafeMutablePointer<UInt8>,
    destinationStride: Int
  ) throws {
    try stylize(
      source, sourceStride: sourceStride, into: destination, destinationStride: destinationStride, size: size)
  }

  /// The same for the present size or the one before it.
  func stylize(
    _ source: UnsafePointer<UInt8>, sourceStride: Int, into destination: UnsafeMutablePointer<UInt8>,
    destinationStride: Int, size: WorkSizeLadder.Size
  ) throws {
    let painters = takePainters(size)
    guard !painters.isEmpty else { throw LiveStyleError.sizeNotPrepared(width: size.width, height: size.height) }
    let paint = { [self] in
      var sum = 0.0
      for (engine, share) in painters {
        sum += share
        if sum == share {
          try engine.stylize(
            source, sourceStride: sourceStride, into: destination, destinationStride: destinationStride)
          continue
        }
        let other = try scratch(size)
        guard let plane = other.plane(0) else { continue }
        try engine.stylize(source, sourceStride: sourceStride, into: plane, destinationStride: other.stride(0))
        Blending.mix(
          source: destination, sourceStride: destinationStride, stylized: plane, stylizedStride: other.stride(0),
          into: destination, destinationStride: destinationStride, width: size.width, height: size.height,
          strength: Float(share / sum), pool: pool)
      }
    }
    if let turn { try turn(paint) } else { try paint() }
  }

  /// The engines that count for a frame now, with their shares. Styles that have left are let go of.
  private func takePainters(_ size: WorkSizeLadder.Size) -> [(StyleEngine, Double)] {
    var gone: [Layer] = []
    let painters = state.withLock { state -> [(StyleEngine, Double)] in
      let progress = state.mixing.progress(at: .now)
      if progress >= 1, state.layers.contains(where: { $0.to == 0 }) {
        gone = state.layers.filter { $0.to == 0 }
        state.layers.removeAll { $0.to == 0 }
      }
      return state.layers.compactMap { layer in
        let share = layer.from + (layer.to - layer.from) * progress
        // Less than that does not change a pixel.
        guard share > 1.0 / 512, let engine = layer.engines[size] else { return nil }
        return (engine, share)
      }
    }
    // Outside the lock: freeing an engine's memory takes a moment.
    gone.removeAll()
    return painters
  }

  private func scratch(_ size: WorkSizeLadder.Size) throws -> Frame {
    if let scratch, scratch.width == size.width, scratch.height == size.height { return scratch }
    let made = try Frame(VideoFormat(width: size.width, height: size.height, pixelFormat: .rgb24))
    scratch = made
    return made
  }
}
