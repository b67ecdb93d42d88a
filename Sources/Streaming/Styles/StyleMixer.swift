import FFmpeg
import Imaging
import Inference
import Networks
import Synchronization
import Threading

/// The style of a video, which can change during painting: to another style, to a mixture of several, or in strength.
///
/// Any thread may call the controls. Slow work, such as checking models and creating engines, runs on the calling
/// thread while frames are painted as before. A mixture is the weighted mean of its styles' frames, so each style in it
/// costs a run of its network. A fade costs the runs of both sides. The stroke size applies to all styles; styles
/// without a canvas ignore it.
public final class StyleMixer: FrameStylizer, @unchecked Sendable {
  /// The settings at one moment.
  public struct State: Sendable {
    /// The styles and their shares, which add up to 1. During a fade, the target.
    public var styles: [(name: String, share: Double)]
    /// The styles outside of a mask and their shares, which add up to 1; empty if there are none.
    public var outside: [(name: String, share: Double)]
    /// The stroke size; nil if no style has a canvas. During a fade, the target.
    public var strokes: Strokes?
    /// The stroke size that is painted. It is larger than ``strokes`` while the machine does not keep up with those;
    /// nil if no style has a canvas.
    package var paintedStrokes: Strokes?
    /// The blend with the source. During a fade, the target.
    public var blend: FrameBlend
    /// Whether a fade is in progress.
    public var isFading: Bool
    /// The width at which the networks paint.
    public var workWidth: Int
    /// The height at which the networks paint.
    public var workHeight: Int
    /// The size of the first canvas among the styles; nil if there is none.
    public var canvas: (width: Int, height: Int)?
  }

  /// Runs the painting of one frame, for runs that take turns.
  public typealias Turn = @Sendable (_ paint: () throws -> Void) throws -> Void

  /// The maximum number of styles in a mixture.
  public static let maximumStyleCount = StyleMixture.maximumCount

  private struct Present {
    var mixture: StyleMixture
    var rung: WorkSizeLadder.Rung?
    /// Counts the changes of styles, strokes and rung.
    var generation = 0
    /// When the generation began.
    var latestChange = ContinuousClock.now
    /// One for each frame that is painted at a time. Empty before the first size is prepared, if that determines the
    /// number.
    var painters: [FramePainter]

    mutating func noteChange() {
      generation += 1
      latestChange = .now
    }
  }

  private let parallelism: Parallelism
  private let threads: Int
  private let turn: Turn?
  private let state: Mutex<Present>
  /// Serializes changes, however long they take. Painting does not lock it.
  private let control = Mutex(())

  /// Creates a mixer that paints one frame at a time with `pool`. Call ``prepare(width:height:styleCount:)`` before
  /// painting.
  ///
  /// - Parameter turn: Called around the painting of each frame, so that runs that share a pool can take turns.
  public init(
    _ style: NamedStyle, pool: ComputePool, blend: FrameBlend = FrameBlend(), strokes: Strokes = .medium,
    turn: Turn? = nil
  ) {
    (parallelism, threads) = (.latency, pool.threadCount)
    self.turn = turn
    state = Mutex(Present(mixture: StyleMixture(style, strokes, blend), painters: [FramePainter(pool)]))
  }

  /// Creates a mixer that paints several frames at a time, as `parallelism` says, on `threads` threads in total.
  public init(
    _ style: NamedStyle, parallelism: Parallelism, threads: Int, blend: FrameBlend = FrameBlend(),
    strokes: Strokes = .medium
  ) {
    (self.parallelism, self.threads) = (parallelism, threads)
    turn = nil
    state = Mutex(Present(mixture: StyleMixture(style, strokes, blend), painters: []))
  }

  // MARK: Control

  /// Changes to one style, starting at `time` and taking `fade`.
  ///
  /// - Throws: `InferenceError` if memory is insufficient. Nothing changes then.
  public func select(_ style: NamedStyle, fade: Duration = .zero, at time: ContinuousClock.Instant = .now) throws {
    try mix([(style, 1)], fade: fade, at: time)
  }

  /// Changes to a mixture and, if given, to another stroke size, starting at `time` and taking `fade`. Shares are
  /// relative; styles without a positive share are ignored.
  ///
  /// - Throws: ``StyleMixerError`` if there are no styles or too many, `ModelError` if `strokes` is given and no style
  ///   has a canvas, `InferenceError` if the canvas is out of range or memory is insufficient. Nothing changes then.
  public func mix(
    _ styles: [(style: NamedStyle, share: Double)], strokes: Strokes? = nil, fade: Duration = .zero,
    at time: ContinuousClock.Instant = .now
  ) throws {
    let wanted = try Self.normalized(styles)
    try control.withLock { _ in try lead(to: wanted, strokes, fade, time) }
  }

  /// Sets the styles outside of the mask of a run, see ``Stylization/Options/mask``. Shares are relative. Without
  /// styles, the source itself is outside.
  ///
  /// - Throws: See ``mix(_:strokes:fade:at:)``.
  public func setOutside(_ styles: [(style: NamedStyle, share: Double)]) throws {
    let wanted = styles.isEmpty ? [] : try Self.normalized(styles)
    try control.withLock { _ in
      let present = state.withLock { $0.mixture.staying }
      try lead(to: present.map { ($0.style, $0.to) }, outside: wanted, nil, .zero, .now)
    }
  }

  /// Returns the styles of a mixture, each once, with shares that add up to 1.
  private static func normalized(
    _ styles: [(style: NamedStyle, share: Double)]
  ) throws -> [(style: NamedStyle, share: Double)] {
    var wanted: [(style: NamedStyle, share: Double)] = []
    for (style, share) in styles where share > 0 && share.isFinite {
      if let index = wanted.firstIndex(where: { $0.style.model === style.model }) {
        wanted[index].share += share
      } else {
        wanted.append((style, share))
      }
    }
    guard !wanted.isEmpty else { throw StyleMixerError.nothingToMix }
    guard wanted.count <= Self.maximumStyleCount else { throw StyleMixerError.tooManyStyles(count: wanted.count) }
    let sum = wanted.reduce(0) { $0 + $1.share }
    return wanted.map { ($0.style, $0.share / sum) }
  }

  /// Changes the stroke size, starting at `time` and taking `fade`. It also applies to styles selected later. Styles
  /// without a canvas do not change.
  ///
  /// - Throws: See ``mix(_:strokes:fade:at:)``.
  public func setStrokes(_ strokes: Strokes, fade: Duration = .zero, at time: ContinuousClock.Instant = .now) throws {
    try control.withLock { _ in
      let present = state.withLock { $0.mixture.staying }
      try lead(to: present.map { ($0.style, $0.to) }, strokes, fade, time)
    }
  }

  /// Changes to styles whose shares add up to 1. The caller holds `control`.
  ///
  /// - Parameter outside: The styles outside of a mask; nil for those that there are.
  private func lead(
    to wanted: [(style: NamedStyle, share: Double)], outside: [(style: NamedStyle, share: Double)]? = nil,
    _ chosen: Strokes?, _ fade: Duration, _ time: ContinuousClock.Instant
  ) throws {
    let present = state.withLock { $0 }
    let strokes = chosen ?? present.mixture.strokes
    var layers = wanted.map { StyleMixture.Layer($0.style, strokes, share: $0.share) }
    layers += (outside ?? present.mixture.outside.map { ($0.style, $0.to) }).map {
      StyleMixture.Layer($0.style, strokes, share: $0.share, isOutside: true)
    }
    if chosen != nil, layers.allSatisfy({ $0.canvasLines == nil }) {
      throw ModelError.noCanvas(styles: wanted.map(\.style.name))
    }
    for index in layers.indices {
      let known = present.mixture.layers.first { $0.paints(like: layers[index]) }?.stylizers
      layers[index].stylizers =
        try known ?? present.rung.map { try stylizers(for: layers[index], $0, present.painters) }
    }
    let made = layers
    state.withLock {
      $0.mixture.lead(to: made, strokes, fade: fade, at: time)
      $0.noteChange()
    }
  }

  /// Changes the blend with the source. The strength fades, starting at `time` and taking `fade`; the colours change at
  /// once.
  public func setBlend(_ blend: FrameBlend, fade: Duration = .zero, at time: ContinuousClock.Instant = .now) {
    state.withLock { $0.mixture.lead(to: blend, fade: fade, at: time) }
  }

  // MARK: Settings

  /// The current settings.
  public var settings: State {
    let (mixture, rung) = state.withLock { ($0.mixture, $0.rung) }
    let (layers, size) = (mixture.staying, rung?.size)
    let first = layers.first { $0.canvasLines != nil }
    let painted = first.flatMap { Self.paintedStrokes($0, mixture.strokes, rung) }
    return State(
      styles: layers.map { ($0.style.name, $0.to) }, outside: mixture.outside.map { ($0.style.name, $0.to) },
      strokes: first == nil ? nil : mixture.strokes,
      paintedStrokes: painted, blend: mixture.blend, isFading: mixture.isFading(at: .now), workWidth: size?.width ?? 0,
      workHeight: size?.height ?? 0,
      canvas: size.flatMap { size in
        painted.flatMap { first?.style.model.canvasExtents(for: $0, width: size.width, height: size.height) }
      })
  }

  /// Returns `strokes`, or the name of larger ones if the canvas of the rung is smaller.
  private static func paintedStrokes(
    _ layer: StyleMixture.Layer, _ strokes: Strokes, _ rung: WorkSizeLadder.Rung?
  ) -> Strokes? {
    guard let lines = layer.canvasLines else { return nil }
    guard let limit = rung?.canvasLines, limit < lines else { return strokes }
    let size = StrokeSize.allCases.first { layer.style.model.canvasLines(for: .size($0)) == limit }
    return size.map { .size($0) } ?? .lines(limit)
  }

  /// The maximum number of canvas lines among the target's styles; nil if a style has no canvas and paints at the full
  /// work size.
  var canvasLines: Int? { state.withLock { $0.mixture.canvasLines } }

  /// The cost of painting a pixel with the target's styles, relative to other styles.
  var weight: Double { state.withLock { $0.mixture.weight } }

  /// The styles that are currently painted.
  var stylesInUse: [NamedStyle] { state.withLock { $0.mixture.layers.map(\.style) } }

  // MARK: Sizes

  /// Creates stylizers for frames of this size and paints later frames at it.
  ///
  /// - Parameter styleCount: The maximum number of styles that will be painted at a time. If this size determines the
  ///   number of parallel frames, that leaves memory for them.
  /// - Throws: `InferenceError` if the size is out of range or memory is insufficient. Nothing changes then.
  public func prepare(width: Int, height: Int, styleCount: Int = 1) throws {
    try prepare(WorkSizeLadder.Rung(WorkSizeLadder.Size(width: width, height: height)), styleCount: styleCount)
  }

  /// Creates stylizers for a rung and paints later frames on it. See ``prepare(width:height:styleCount:)``.
  func prepare(_ rung: WorkSizeLadder.Rung, styleCount: Int = 1) throws {
    try control.withLock { _ in
      var present = state.withLock { $0 }
      guard present.rung != rung else { return }
      if present.painters.isEmpty {
        present = try choosingPainters(present, rung, max(styleCount, present.mixture.layers.count))
      } else {
        present.mixture = try withStylizers(present, rung)
      }
      let (layers, painters) = (present.mixture.layers, present.painters)
      state.withLock { state in
        state.mixture.takeStylizers(of: layers)
        (state.rung, state.painters) = (rung, painters)
        state.noteChange()
      }
    }
  }

  private func choosingPainters(
    _ present: Present, _ rung: WorkSizeLadder.Rung, _ styleCount: Int
  ) throws -> Present {
    var result = present
    var candidates = parallelism.candidates(threads: threads)[...]
    while let count = candidates.popFirst() {
      // The system counts memory as used only after it is written, so plan for all engines together.
      let limit = candidates.isEmpty ? nil : AvailableMemory.forPlan().map { $0 / 2 / count / styleCount }
      result.painters = Parallelism.pools(count, threads: threads).map(FramePainter.init)
      do {
        result.mixture = try withStylizers(result, rung, memoryLimit: limit)
        break
      } catch InferenceError.insufficientMemory where !candidates.isEmpty {}
    }
    return result
  }

  private func withStylizers(
    _ present: Present, _ rung: WorkSizeLadder.Rung, memoryLimit: Int? = nil
  ) throws -> StyleMixture {
    var mixture = present.mixture
    var layers = mixture.layers
    for index in layers.indices {
      layers[index].stylizers = try stylizers(for: layers[index], rung, present.painters, memoryLimit: memoryLimit)
    }
    mixture.takeStylizers(of: layers)
    return mixture
  }

  private func stylizers(
    for layer: StyleMixture.Layer, _ rung: WorkSizeLadder.Rung, _ painters: [FramePainter], memoryLimit: Int? = nil
  ) throws -> Stylizers {
    let lines = layer.canvasLines.map { min($0, rung.canvasLines ?? $0) }
    return Stylizers(
      try painters.map {
        try layer.style.model.makeStylizer(
          width: rung.size.width, height: rung.size.height, canvasLines: lines, pool: $0.pool, memoryLimit: memoryLimit)
      })
  }

  /// The width of the next frames in pixels; 0 before a size is prepared.
  public var width: Int { state.withLock { $0.rung?.size.width ?? 0 } }
  /// The height of the next frames in pixels; 0 before a size is prepared.
  public var height: Int { state.withLock { $0.rung?.size.height ?? 0 } }
  /// The rung of the next frames; nil before one is prepared.
  var rung: WorkSizeLadder.Rung? { state.withLock { $0.rung } }
  /// The generation of the next frames, and how long ago it began.
  var generation: (number: Int, age: Duration) {
    state.withLock { ($0.generation, $0.latestChange.duration(to: .now)) }
  }
  /// The number of frames that are painted at a time; 0 before the first size is prepared, if that determines it.
  public var parallelFrames: Int { painters.count }

  // MARK: Painting

  var painters: [FramePainter] { state.withLock { $0.painters } }

  /// Releases the styles that have faded out by `time`.
  func forgetLeft(at time: ContinuousClock.Instant) {
    // Release them outside the lock, because freeing an engine's memory takes time.
    _ = state.withLock { state in
      let left = state.mixture.removeLeft(at: time)
      if !left.isEmpty { state.noteChange() }
      return left
    }
  }

  /// Returns how to paint a frame at `time`. Releases styles that have faded out.
  func recipe(at time: ContinuousClock.Instant) throws -> FrameRecipe {
    forgetLeft(at: time)
    return try state.withLock { state in
      guard let rung = state.rung else { throw StyleMixerError.notPrepared }
      return FrameRecipe(
        rung: rung, generation: state.generation, blend: state.mixture.blend(at: time),
        parts: state.mixture.parts(at: time), outside: state.mixture.parts(at: time, outside: true), turn: turn)
    }
  }

  /// Paints a frame of the prepared size with the current settings. Only one thread may call it at a time.
  public func stylize(
    _ source: UnsafePointer<UInt8>, sourceStride: Int, into destination: UnsafeMutablePointer<UInt8>,
    destinationStride: Int
  ) throws {
    try stylize(
      source, sourceStride: sourceStride, into: destination, destinationStride: destinationStride, place: 0)
  }

  /// Paints a picture of floats of the prepared size with the current settings. Only one thread may call it at a time.
  public func stylize(_ source: UnsafePointer<Float>, into destination: UnsafeMutablePointer<Float>) throws {
    try painters[0].paint(try recipe(at: .now), place: 0, source, into: destination)
  }

  /// Paints one of ``parallelFrames`` frames that are painted at a time. Each thread uses a different `place`, from 0.
  public func stylize(
    _ source: UnsafePointer<UInt8>, sourceStride: Int, into destination: UnsafeMutablePointer<UInt8>,
    destinationStride: Int, place: Int
  ) throws {
    let recipe = try recipe(at: .now)
    try painters[place].paint(
      recipe, place: place, source, sourceStride: sourceStride, into: destination, destinationStride: destinationStride)
  }
}

/// Describes why a style change is not possible.
public enum StyleMixerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// No style has a positive share.
  case nothingToMix
  /// There are more styles than can be painted at a time.
  case tooManyStyles(count: Int)
  /// No frame size is prepared.
  case notPrepared

  /// The error message, one sentence.
  public var description: String {
    switch self {
    case .nothingToMix: "a mixture needs at least one style with a share above 0"
    case .tooManyStyles(let count):
      "found a mixture of \(count) styles, expected at most \(StyleMixer.maximumStyleCount)"
    case .notPrepared: "no frame size is prepared: call prepare(width:height:) before painting"
    }
  }
}
