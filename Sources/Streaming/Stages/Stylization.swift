import FFmpeg
import Foundation
import Imaging
import Inference
import Synchronization
import Threading

/// Selects the frames to paint.
public enum FramePolicy: Hashable, Sendable {
  /// Every frame, in order. The source waits while all slots are in use.
  case every
  /// The newest frame. A frame is dropped and counted if a newer one arrives before its painting starts.
  case newest
}

/// Paints the frames of a source into a sink.
///
/// Reading, both conversions, painting and writing run on separate threads, with one painting thread for each frame
/// that is painted at a time. Depending on the policy, either the source waits or the oldest frames are dropped. Frames
/// leave in order with their own timestamps. The first error in any thread ends the run.
public final class Stylization: Sendable {
  /// The options of a run.
  public struct Options: Sendable {
    /// The frames to paint.
    public var frames: FramePolicy
    /// The maximum size at which the networks paint, as displayed; nil for the source's size.
    public var workSize: (width: Int, height: Int)?
    /// Whether to reduce the work size while the machine cannot keep up, and to raise it again when it can. Only for
    /// `.newest` frames.
    public var adaptsWorkSize: Bool
    /// Whether to remove noise from still regions before painting. See ``TemporalDenoiser``.
    public var denoises: Bool
    /// The colour behind transparent frames if the sink's format has no alpha.
    public var background = BackgroundColor.black
    /// Where frames are painted; nil for everywhere.
    public var mask: MaskSettings?
    /// Style changes at given times of the video.
    public var script: StyleScript?
    /// The number of frames in the pipeline; nil for one in each stage and, for `.newest`, one in each queue.
    public var slots: Int?

    /// Creates options. By default, every frame is painted at the source's size, in one style and without denoising.
    public init(
      frames: FramePolicy = .every, workSize: (width: Int, height: Int)? = nil, adaptsWorkSize: Bool = true,
      denoises: Bool = false, mask: MaskSettings? = nil, script: StyleScript? = nil, slots: Int? = nil
    ) {
      self.frames = frames
      self.workSize = workSize
      self.adaptsWorkSize = adaptsWorkSize
      self.denoises = denoises
      self.mask = mask
      self.script = script
      self.slots = slots
    }
  }

  let style: StyleMixer
  let options: Options
  let counters = StylizationCounters()
  let source: any FrameSource
  private let sink: any FrameSink
  let adaptation: WorkSizeAdaptation
  private let stopped = Atomic<Bool>(false)
  private let deinterlaced = Atomic<Bool>(false)
  private let composited = Atomic<Bool>(false)
  private let state: Mutex<State>

  private struct State {
    /// The source's latest display size.
    var sourceSize: WorkSizeLadder.Size
    /// The time of the latest frame to be painted, in seconds since the first frame.
    var time = 0.0
    var maskWarnings: [String] = []
  }

  /// Creates a run, which can be used once.
  public convenience init(
    source: any FrameSource, style: StyleMixer, sink: any FrameSink, options: Options = Options()
  ) {
    self.init(source: source, style: style, sink: sink, options: options, adaptation: WorkSizeAdaptation())
  }

  /// Creates a run that begins at the work size of `adaptation`, which a run before may have left.
  package init(
    source: any FrameSource, style: StyleMixer, sink: any FrameSink, options: Options, adaptation: WorkSizeAdaptation
  ) {
    self.source = source
    self.adaptation = adaptation
    self.style = style
    self.sink = sink
    self.options = options
    let size = source.description.displaySize
    state = Mutex(State(sourceSize: WorkSizeLadder.Size(width: size.width, height: size.height)))
  }

  /// Whether interlaced frames were made progressive. Known after the run.
  var hasDeinterlaced: Bool { deinterlaced.load(ordering: .acquiring) }

  /// Problems with the mask, one sentence each. Known after the run.
  package var maskWarnings: [String] { state.withLock { $0.maskWarnings } }

  /// The current statistics.
  public var statistics: StylizationStatistics {
    var result = counters.statistics
    result.setSizes(of: style.settings)
    result.reconnects = source.reconnectCount
    return result
  }

  /// Ends the run soon. Any thread may call it, even before the run. Frames in the pipeline are still written, but with
  /// `.every` only those whose painting has started.
  public func stop() {
    stopped.store(true, ordering: .releasing)
    source.stop()
  }

  var isStopped: Bool { stopped.load(ordering: .acquiring) }

  /// Whether transparent frames were composited over the background.
  var hasCompositedFrames: Bool { composited.load(ordering: .relaxed) }

  /// The work size when the machine keeps up.
  var fullSize: WorkSizeLadder.Size {
    options.workSize.map { WorkSizeLadder.Size(width: $0.width, height: $0.height) }
      ?? state.withLock { $0.sourceSize }
  }

  /// The time of the latest frame to be painted, in seconds since the first frame.
  var time: Double { state.withLock { $0.time } }

  /// Runs until the source ends or the run is stopped. Returns the final statistics after the sink has finished.
  ///
  /// - Parameters:
  ///   - shouldStop: Called often, from several threads. Returning true is equivalent to ``stop()``.
  ///   - observe: Receives statistics four times a second, on a thread of the run.
  ///   - progress: Receives the number of frames that the sink has accepted, on a thread of the run.
  /// - Throws: The first error of any thread, or ``MaskError``, `MediaError` or `PictureError` if the mask cannot be
  ///   opened. The sink then does not finish.
  @discardableResult
  public func run(
    shouldStop: @escaping @Sendable () -> Bool = { false },
    observe: @escaping @Sendable (StylizationStatistics) -> Void = { _ in },
    progress: @escaping @Sendable (_ framesWritten: Int) -> Void = { _ in }
  ) throws -> StylizationStatistics {
    counters.begin()
    let masking = try options.mask.map { try FrameMasking($0, source: source, keepsFields: sink.keepsFields) }
    defer { if let masking { state.withLock { $0.maskWarnings = masking.warnings } } }
    let first = fullSize
    try prepareStyle()
    let painters = style.painters
    let memory = FrameMemory(
      source: source.description.format, workWidth: first.width, workHeight: first.height,
      sink: sink.format(for: source.description), hasMask: masking != nil)
    let wanted = options.slots ?? SlotCircle.usualCount(options.frames, painters: painters.count)
    let circle = try SlotCircle(
      options.frames, painters: painters.count,
      count: memory.slots(max(1, wanted), available: AvailableMemory.forPlan()))
    let threads = ThreadGroup()
    threads.onCancel { [source] in
      source.stop()
      circle.cancel()
    }
    let isStopping: @Sendable () -> Bool = { [self] in isStopped || threads.isCancelled || shouldStop() }
    source.start(on: threads)
    sink.start(on: threads, delivered: { [counters] in counters.noteDelivery(of: $0) })
    // A stage finishes the next queue only if it succeeds. After an error, the next stage must not take the missing
    // frames for the end.
    threads.start("decode") { [self] in try decode(circle, masking, isStopping) }
    threads.start("convert-in") { [self] in try convertIn(circle, masking) }
    for (place, painter) in painters.enumerated() {
      threads.start("paint-\(place)") { [self] in try paint(circle, painter, place, isStopping) }
    }
    threads.start("convert-out") { [self] in try convertOut(circle) }
    threads.start("encode") { [self] in
      try encode(circle, progress)
      if !threads.isCancelled { try sink.finish() }
      circle.end()
    }
    threads.start("control") { [self] in try control(circle, shouldStop, observe) }
    try threads.wait()
    counters.end()
    return statistics
  }

  // MARK: Stages

  private func decode(_ circle: SlotCircle, _ masking: FrameMasking?, _ isStopping: () -> Bool) throws {
    let (timeBase, turns) = (source.description.timeBase, source.description.orientation.swapsSides)
    var beginning = source.beginning.map { Double($0) }
    var reading = FrameReading(source, keepsFields: sink.keepsFields, threads: style.painters.count)
    while let slot = circle.free.pop() {
      if isResting, source.waitsForReader { rest(until: isStopping) }
      guard !isStopping(), let arrival = try reading.read(into: slot.source) else { break }
      slot.arrival = arrival
      let pts = Double(slot.source.pts ?? 0)
      let start = beginning ?? pts
      beginning = start
      // A single rounding keeps a frame at ten seconds at exactly ten. Clamping keeps absurd timestamps within the
      // clock's range.
      let time = timeBase.isPositive ? (pts - start) * Double(timeBase.numerator) / Double(timeBase.denominator) : 0
      slot.time = min(1e9, max(-1e9, time))
      if let end = options.script?.end, slot.time >= end { break }
      try masking?.read(for: slot)
      let use = sink.use(of: slot.source)
      if use == .end { break }
      slot.isSkipped = use == .skip
      counters.noteArrival()
      let (width, height) = (slot.source.width, slot.source.height)
      let size = WorkSizeLadder.Size(width: turns ? height : width, height: turns ? width : height)
      state.withLock { $0.sourceSize = size }
      if isResting {
        counters.noteUnwatchedFrame()
        circle.recycle(slot)
        continue
      }
      drop(circle.decoded.push(slot), circle)
    }
    if isStopping() { counters.noteStop() }
    deinterlaced.store(reading.hasDeinterlaced, ordering: .releasing)
    source.stop()
    circle.decoded.finish()
  }

  /// Whether nobody needs the next frame.
  private var isResting: Bool { options.frames == .newest && !sink.wantsFrames }

  private func rest(until isStopping: () -> Bool) {
    while isResting, !isStopping() { usleep(20_000) }
    counters.forgetArrivals()
  }

  private func drop(_ late: FrameSlot?, _ circle: SlotCircle) {
    guard let late else { return }
    counters.noteDrop()
    circle.recycle(late)
  }

  private func convertIn(_ circle: SlotCircle, _ masking: FrameMasking?) throws {
    let (orientation, denoises) = (source.description.orientation, options.denoises)
    let input = FramePictures.Input(orientation: orientation, denoises: denoises)
    let fields = sink.keepsFields ? FieldInputConversion(orientation: orientation, denoises: denoises) : nil
    let sinkFormat = sink.format(for: source.description)
    var step = 0
    while let slot = circle.decoded.pop() {
      var now = ContinuousClock.now
      switch options.frames {
      case .every:
        // Fades follow the frames' timestamps, not the time of painting.
        now = instant(of: slot.time)
        try options.script?.perform(from: &step, until: slot.time, on: style, instant: instant(of:))
      case .newest: state.withLock { $0.time = slot.time }
      }
      // A denoiser knows the frames before.
      if slot.isSkipped, !options.denoises {
        drop(circle.converted.push(slot), circle)
        continue
      }
      let recipe = try style.recipe(at: now)
      (slot.recipe, slot.blend, slot.rung) = (recipe, recipe.blend, recipe.rung)
      let losesAlpha = slot.source.losesAlpha(in: sinkFormat)
      if losesAlpha { composited.store(true, ordering: .relaxed) }
      slot.pictures.usesFloats = losesAlpha || slot.source.format.needsFloats(for: sinkFormat)
      if let masking { try makeMask(masking, for: slot, recipe) }
      if let fields {
        var bottom = slot.bottomField ?? FramePictures()
        bottom.usesFloats = slot.pictures.usesFloats
        try fields.convert(slot.source, size: recipe.size, top: &slot.pictures, bottom: &bottom)
        slot.bottomField = bottom
      } else {
        try input.convert(slot.source, size: recipe.size, into: &slot.pictures)
      }
      drop(circle.converted.push(slot), circle)
    }
    circle.converted.finish()
  }

  /// Makes the mask of a frame: at the work size if it tells styles apart, or else at the sink's size.
  private func makeMask(_ masking: FrameMasking, for slot: FrameSlot, _ recipe: FrameRecipe) throws {
    var description = source.description
    description.format = slot.source.format
    let format = sink.format(for: description)
    try masking.makeMask(
      for: slot, workSize: recipe.hasOutside ? recipe.size : nil, sink: (format.width, format.height),
      sinkOrientation: sink.orientation)
  }

  /// Returns the instant that represents a time of the video in fades.
  private func instant(of seconds: Double) -> ContinuousClock.Instant { counters.start + .seconds(seconds) }

  private func paint(
    _ circle: SlotCircle, _ painter: FramePainter, _ place: Int, _ isStopping: () -> Bool
  ) throws {
    while let slot = circle.converted.pop() {
      slot.isPainted = options.frames == .newest || !isStopping()
      if slot.isSkipped {
        if !slot.isPainted { counters.noteStop() }
      } else if slot.isPainted, let recipe = slot.recipe {
        counters.beginPainting(place, generation: recipe.generation)
        try slot.pictures.paint(recipe, painter, place: place, mask: slot.mask)
        try slot.bottomField?.paint(recipe, painter, place: place, mask: slot.mask)
        // Outside is painted as well, so the blend with the source needs no mask.
        if recipe.hasOutside { slot.mask = nil }
        counters.endPainting(place)
      } else {
        counters.noteStop()
      }
      slot.recipe = nil
      _ = circle.painted.push(slot)
    }
    circle.painted.finish()
  }

  private func convertOut(_ circle: SlotCircle) throws {
    var description = source.description
    let (orientation, sinkOrientation, background) = (description.orientation, sink.orientation, options.background)
    let output = FramePictures.Output(
      orientation: orientation, sinkOrientation: sinkOrientation, background: background)
    let fields =
      sink.keepsFields
      ? FieldOutputConversion(
        orientation: orientation, sinkOrientation: sinkOrientation, background: background,
        usualOrder: description.fieldOrder)
      : nil
    var format = sink.format(for: description)
    // With `.every`, the work size never changes.
    var dissolve = options.frames == .newest ? Dissolve() : nil
    var rungBefore: WorkSizeLadder.Rung?
    var isCut = false
    while let slot = circle.painted.pop() {
      // After a stop, a later frame may be complete when an earlier one is not. The video ends at the gap.
      isCut = isCut || !slot.isPainted
      if slot.isSkipped, !isCut {
        _ = circle.finished.push(slot)
        continue
      }
      guard !isCut, let rung = slot.rung else {
        // Return the slot to the decoder, which waits for one before it checks whether to stop.
        circle.recycle(slot)
        continue
      }
      if description.format != slot.source.format {
        description.format = slot.source.format
        format = sink.format(for: description)
      }
      if rungBefore != nil, rungBefore != rung { try dissolve?.begin() }
      rungBefore = rung
      let frame = try slot.output.of(format)
      if let fields, let bottom = slot.bottomField {
        try fields.convert(
          top: slot.pictures, bottom: bottom, source: slot.source, blend: slot.blend, mask: slot.mask, into: frame)
      } else {
        try output.convert(
          slot.pictures, source: slot.source, blend: slot.blend, mask: slot.mask?.rows, into: frame)
      }
      try dissolve?.apply(to: frame)
      _ = circle.finished.push(slot)
    }
    circle.finished.finish()
  }

  private func encode(_ circle: SlotCircle, _ progress: (_ framesWritten: Int) -> Void) throws {
    var skipped = 0
    while let slot = circle.finished.pop() {
      if slot.isSkipped {
        try sink.skip(source: slot.source)
        skipped += 1
        progress(skipped)
      } else if let frame = slot.output.frame {
        try sink.write(frame, source: slot.source, arrival: slot.arrival)
        progress(skipped + counters.noteWriting())
      }
      circle.recycle(slot)
    }
  }
}
