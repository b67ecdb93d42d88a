import FFmpeg
import Imaging
import Inference
import Networks
import Synchronization
import Threading

/// The style of a video, which may change while it is painted: another one, a mixture of several, more or less of it.
///
/// Controls may be called from any thread. What takes time (checking models, making engines) happens on the calling
/// thread, and frames are painted as before meanwhile. A mixture is the mean of the pictures, weighted: each style in
/// it costs a run of its network, during a fade those of both sides. How large strokes are is set for all styles at
/// once; those without a canvas have strokes of one size only.
public final class StyleMixer: FrameStylizer, @unchecked Sendable {
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

  /// Runs a frame's painting, for runs that take turns.
  public typealias Turn = @Sendable (_ paint: () throws -> Void) throws -> Void

  /// The number of styles that a mixture may have.
  public static let maximumStyleCount = StyleMixture.maximumCount

  private struct Present {
    var mixture: StyleMixture
    var size: WorkSizeLadder.Size?
    /// One for each frame that is painted at a time; empty before a size is prepared, where that decides on them.
    var painters: [FramePainter]
  }

  private let parallelism: Parallelism
  private let threads: Int
  private let turn: Turn?
  private let state: Mutex<Present>
  /// Held by one change at a time, however long it takes; painting does not ask for it.
  private let control = Mutex(())

  /// A style that paints one frame at a time with `pool`, at a size that is still to be prepared.
  ///
  /// `turn`, if given, is called around each frame's painting: runs that share a pool can take turns in it.
  public init(
    _ style: NamedStyle, pool: ComputePool, blend: FrameBlend = FrameBlend(), strokes: Strokes = .medium,
    turn: Turn? = nil
  ) {
    (parallelism, threads) = (.latency, pool.threadCount)
    self.turn = turn
    state = Mutex(Present(mixture: StyleMixture(style, strokes, blend), painters: [FramePainter(pool)]))
  }

  /// A style that paints as many frames at a time as `parallelism` says, on `threads` threads in all.
  public init(
    _ style: NamedStyle, parallelism: Parallelism, threads: Int, blend: FrameBlend = FrameBlend(),
    strokes: Strokes = .medium
  ) {
    (self.parallelism, self.threads) = (parallelism, threads)
    turn = nil
    state = Mutex(Present(mixture: StyleMixture(style, strokes, blend), painters: []))
  }

  // MARK: Control

  /// Goes over to one style, from `time` on in the length of `fade`. Throws `InferenceError` where the memory does not
  /// suffice; all stays as it was then.
  public func select(_ style: NamedStyle, fade: Duration = .zero, at time: ContinuousClock.Instant = .now) throws {
    try mix([(style, 1)], fade: fade, at: time)
  }

  /// Goes over to a mixture, and to strokes of another size where these are given, from `time` on in the length of
  /// `fade`. Shares are relative; styles with none are left out.
  ///
  /// Throws ``StyleMixerError`` where nothing is left or there are too many, `ModelError` where strokes are given and
  /// no style has a canvas, `InferenceError` where the canvas is out of range or the memory does not suffice; all stays
  /// as it was then.
  public func mix(
    _ styles: [(style: NamedStyle, share: Double)], strokes: Strokes? = nil, fade: Duration = .zero,
    at time: ContinuousClock.Instant = .now
  ) throws {
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
    try control.withLock { _ in try lead(to: wanted.map { ($0.style, $0.share / sum) }, strokes, fade, time) }
  }

  /// Goes over to strokes of another size, from `time` on in the length of `fade`; styles without a canvas stay as they
  /// are, and styles that come later are painted with these strokes too. Throws as ``mix(_:strokes:fade:at:)`` does.
  public func setStrokes(_ strokes: Strokes, fade: Duration = .zero, at time: ContinuousClock.Instant = .now) throws {
    try control.withLock { _ in
      let present = state.withLock { $0.mixture.staying }
      try lead(to: present.map { ($0.style, $0.to) }, strokes, fade, time)
    }
  }

  /// The shares add up to 1. To be called with `control` held.
  private func lead(
    to wanted: [(style: NamedStyle, share: Double)], _ chosen: Strokes?, _ fade: Duration,
    _ time: ContinuousClock.Instant
  ) throws {
    let present = state.withLock { $0 }
    let strokes = chosen ?? present.mixture.strokes
    var layers = wanted.map { StyleMixture.Layer($0.style, strokes, share: $0.share) }
    if chosen != nil, layers.allSatisfy({ $0.canvasLines == nil }) {
      throw ModelError.noCanvas(styles: wanted.map(\.style.name))
    }
    for index in layers.indices {
      let known = present.mixture.layers.first { $0.paints(like: layers[index]) }?.stylizers
      layers[index].stylizers =
        try known ?? present.size.map { try stylizers(for: layers[index], $0, present.painters) }
    }
    let made = layers
    state.withLock { $0.mixture.lead(to: made, strokes, fade: fade, at: time) }
  }

  /// Changes what of the source shows through; the strength goes over from `time` on in the length of `fade`.
  public func setBlend(_ blend: FrameBlend, fade: Duration = .zero, at time: ContinuousClock.Instant = .now) {
    state.withLock { $0.mixture.lead(to: blend, fade: fade, at: time) }
  }

  // MARK: What is set

  /// What is set now.
  public var settings: State {
    let (mixture, size) = state.withLock { ($0.mixture, $0.size) }
    let layers = mixture.staying
    let first = layers.first { $0.canvasLines != nil }
    return State(
      styles: layers.map { ($0.style.name, $0.to) }, strokes: first == nil ? nil : mixture.strokes,
      blend: mixture.blend, isFading: mixture.isFading(at: .now), workWidth: size?.width ?? 0,
      workHeight: size?.height ?? 0,
      canvas: size.flatMap {
        first?.style.model.canvasExtents(for: mixture.strokes, width: $0.width, height: $0.height)
      })
  }

  /// The number of lines of the finest canvas that it leads to; nil where a style has none and is painted at the full
  /// work size.
  var canvasLines: Int? { state.withLock { $0.mixture.canvasLines } }

  /// The styles that are painted with at present.
  var stylesInUse: [NamedStyle] { state.withLock { $0.mixture.layers.map(\.style) } }

  // MARK: Sizes

  /// Makes stylizers for pictures of another size, and has later frames be of that size.
  ///
  /// `styleCount` is the number of styles that may be painted at a time later: the number of frames at a time, where
  /// the first size decides on it, leaves memory for them. Throws `InferenceError` where the size is out of range or
  /// the memory does not suffice; all stays as it was then.
  public func prepare(width: Int, height: Int, styleCount: Int = 1) throws {
    let size = WorkSizeLadder.Size(width: width, height: height)
    try control.withLock { _ in
      var present = state.withLock { $0 }
      guard present.size != size else { return }
      if present.painters.isEmpty {
        present = try choosingPainters(present, size, max(1, styleCount))
      } else {
        present.mixture = try withStylizers(present, size)
      }
      let (layers, painters) = (present.mixture.layers, present.painters)
      state.withLock { state in
        state.mixture.takeStylizers(of: layers)
        (state.size, state.painters) = (size, painters)
      }
    }
  }

  private func choosingPainters(
    _ present: Present, _ size: WorkSizeLadder.Size, _ styleCount: Int
  ) throws -> Present {
    var result = present
    var candidates = parallelism.candidates(threads: threads)[...]
    while let count = candidates.popFirst() {
      // Memory counts as taken only once it has been written to, so all engines are planned for at once.
      let limit = candidates.isEmpty ? nil : AvailableMemory.forPlan().map { $0 / 2 / count / styleCount }
      result.painters = Parallelism.pools(count, threads: threads).map(FramePainter.init)
      do {
        result.mixture = try withStylizers(result, size, memoryLimit: limit)
        break
      } catch InferenceError.insufficientMemory where !candidates.isEmpty {}
    }
    return result
  }

  private func withStylizers(
    _ present: Present, _ size: WorkSizeLadder.Size, memoryLimit: Int? = nil
  ) throws -> StyleMixture {
    var mixture = present.mixture
    var layers = mixture.layers
    for index in layers.indices {
      layers[index].stylizers = try stylizers(for: layers[index], size, present.painters, memoryLimit: memoryLimit)
    }
    mixture.takeStylizers(of: layers)
    return mixture
  }

  private func stylizers(
    for layer: StyleMixture.Layer, _ size: WorkSizeLadder.Size, _ painters: [FramePainter], memoryLimit: Int? = nil
  ) throws -> Stylizers {
    Stylizers(
      try painters.map {
        try layer.style.model.makeStylizer(
          width: size.width, height: size.height, canvasLines: layer.canvasLines, pool: $0.pool,
          memoryLimit: memoryLimit)
      })
  }

  /// Pixels across of the frames to come; 0 before a size is prepared.
  public var width: Int { state.withLock { $0.size?.width ?? 0 } }
  /// Pixels down of the frames to come; 0 before a size is prepared.
  public var height: Int { state.withLock { $0.size?.height ?? 0 } }
  /// Both; nil before a size is prepared.
  var workSize: WorkSizeLadder.Size? { state.withLock { $0.size } }
  /// How many frames are painted at a time; 0 before a size is prepared where that decides on it.
  public var parallelFrames: Int { painters.count }

  // MARK: Painting

  var painters: [FramePainter] { state.withLock { $0.painters } }

  /// Lets go of the styles that have left at that time.
  func forgetLeft(at time: ContinuousClock.Instant) {
    // Outside the lock: freeing an engine's memory takes a moment.
    _ = state.withLock { $0.mixture.removeLeft(at: time) }
  }

  /// How to paint a frame of that time. Styles that have left are let go of.
  func recipe(at time: ContinuousClock.Instant) throws -> FrameRecipe {
    forgetLeft(at: time)
    return try state.withLock { state in
      guard let size = state.size else { throw StyleMixerError.notPrepared }
      return FrameRecipe(
        size: size, blend: state.mixture.blend(at: time), parts: state.mixture.parts(at: time), turn: turn)
    }
  }

  /// Paints a picture of the present size as is set now; for one thread.
  public func stylize(
    _ source: UnsafePointer<UInt8>, sourceStride: Int, into destination: UnsafeMutablePointer<UInt8>,
    destinationStride: Int
  ) throws {
    try stylize(
      source, sourceStride: sourceStride, into: destination, destinationStride: destinationStride, place: 0)
  }

  /// The same as one of ``parallelFrames`` pictures that are painted at a time, each at a `place` and on a thread of
  /// its own.
  public func stylize(
    _ source: UnsafePointer<UInt8>, sourceStride: Int, into destination: UnsafeMutablePointer<UInt8>,
    destinationStride: Int, place: Int
  ) throws {
    let recipe = try recipe(at: .now)
    try painters[place].paint(
      recipe, place: place, source, sourceStride: sourceStride, into: destination, destinationStride: destinationStride)
  }
}

/// Why a style cannot be changed as asked.
public enum StyleMixerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// No style has a share.
  case nothingToMix
  /// More styles than can be painted at a time.
  case tooManyStyles(count: Int)
  /// No size of pictures is prepared.
  case notPrepared

  /// One sentence.
  public var description: String {
    switch self {
    case .nothingToMix: "a mixture needs at least one style with a share above 0"
    case .tooManyStyles(let count): "a mixture of \(count) styles: expected at most \(StyleMixer.maximumStyleCount)"
    case .notPrepared: "no stylizer is prepared: expected a size of pictures first"
    }
  }
}
