import FFmpeg
import Synchronization
import Threading

/// Which frames of a source are painted.
public enum FramePolicy: Hashable, Sendable {
  /// Every one, in order: the source waits while all slots are under way.
  case every
  /// The newest: a frame that a newer one overtakes before its painting is dropped and counted.
  case newest
}

/// Repaints the frames of a source into a sink: reading, both conversions, painting and writing have threads of their
/// own, painting one for each frame that is painted at a time.
///
/// The policy says whether the source waits, or the oldest frames give way. Frames come out in order, each at its own
/// time. The first error of any thread ends all of them.
public final class Stylization: Sendable {
  /// How to do it.
  public struct Options: Sendable {
    /// Which frames are painted.
    public var frames: FramePolicy
    /// The greatest size of the pictures that the networks see, as displayed; nil for the source's.
    public var workSize: (width: Int, height: Int)?
    /// Whether the work size goes down where the machine does not keep up, and up again where it could: for the newest
    /// frames alone.
    public var adaptsWorkSize: Bool
    /// Whether the networks see the frames without the noise of what rests, see ``TemporalDenoiser``.
    public var denoises: Bool
    /// Changes of style at times of the video.
    public var script: StyleScript?
    /// The number of frames under way at a time; nil for one in each stage, and for the newest frames in each queue.
    public var slots: Int?

    /// Every frame at the source's size, as it is, in one style, unless told otherwise.
    public init(
      frames: FramePolicy = .every, workSize: (width: Int, height: Int)? = nil, adaptsWorkSize: Bool = true,
      denoises: Bool = false, script: StyleScript? = nil, slots: Int? = nil
    ) {
      self.frames = frames
      self.workSize = workSize
      self.adaptsWorkSize = adaptsWorkSize
      self.denoises = denoises
      self.script = script
      self.slots = slots
    }
  }

  let style: StyleMixer
  let options: Options
  let counters = StylizationCounters()
  private let source: any FrameSource
  private let sink: any FrameSink
  private let stopped = Atomic<Bool>(false)
  private let state: Mutex<State>

  private struct State {
    /// The latest size of the source as displayed.
    var sourceSize: WorkSizeLadder.Size
    /// Seconds from the first frame to the latest one that is to be painted.
    var time = 0.0
  }

  /// A run of `source` through `style` into `sink`, to be run once.
  public init(source: any FrameSource, style: StyleMixer, sink: any FrameSink, options: Options = Options()) {
    self.source = source
    self.style = style
    self.sink = sink
    self.options = options
    let size = source.description.displaySize
    state = Mutex(State(sourceSize: WorkSizeLadder.Size(width: size.width, height: size.height)))
  }

  /// Numbers at this moment.
  public var statistics: StylizationStatistics {
    var result = counters.statistics
    let settings = style.settings
    (result.workWidth, result.workHeight) = (settings.workWidth, settings.workHeight)
    (result.canvasWidth, result.canvasHeight) = (settings.canvas?.width, settings.canvas?.height)
    result.reconnects = source.reconnectCount
    return result
  }

  /// Ends the run soon; may be called from any thread, also before the run. What is under way is written, but of every
  /// frame only those whose painting has begun.
  public func stop() {
    stopped.store(true, ordering: .releasing)
    source.stop()
  }

  var isStopped: Bool { stopped.load(ordering: .acquiring) }

  /// The size at which everything is painted if the machine keeps up.
  var fullSize: WorkSizeLadder.Size {
    options.workSize.map { WorkSizeLadder.Size(width: $0.width, height: $0.height) }
      ?? state.withLock { $0.sourceSize }
  }

  /// Seconds from the first frame to the latest one that is to be painted.
  var time: Double { state.withLock { $0.time } }

  /// Runs until the source ends or someone stops it; returns the numbers at the end, when the sink has finished.
  ///
  /// `shouldStop` is asked often, from several threads: once true, it is as ``stop()``. `observe` gets the numbers four
  /// times a second and `progress` the count of each frame that the sink has taken, each on a thread of the run. Throws
  /// the first error of any thread; the sink does not finish then.
  @discardableResult
  public func run(
    shouldStop: @escaping @Sendable () -> Bool = { false },
    observe: @escaping @Sendable (StylizationStatistics) -> Void = { _ in },
    progress: @escaping @Sendable (_ framesWritten: Int) -> Void = { _ in }
  ) throws -> StylizationStatistics {
    counters.begin()
    let first = fullSize
    try style.prepare(width: first.width, height: first.height, styleCount: options.script?.styleCount ?? 1)
    let painters = style.painters
    let circle = try SlotCircle(options.frames, painters: painters.count, count: options.slots)
    let threads = ThreadGroup()
    threads.onCancel { [source] in
      source.stop()
      circle.cancel()
    }
    let isStopping: @Sendable () -> Bool = { [self] in isStopped || shouldStop() }
    source.start(on: threads)
    sink.start(on: threads, delivered: { [counters] in counters.noteDelivery(of: $0) })
    // A stage finishes the next queue only when it ends well: after an error, nobody may take the rest for the end.
    threads.start("decode") { [self] in try decode(circle, isStopping) }
    threads.start("convert-in") { [self] in try convertIn(circle) }
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

  // MARK: The stages

  private func decode(_ circle: SlotCircle, _ isStopping: () -> Bool) throws {
    let (timeBase, turns) = (source.description.timeBase, source.description.orientation.swapsSides)
    var beginning: Double?
    while let slot = circle.free.pop() {
      guard !isStopping(), try source.read(into: slot.source) else { break }
      slot.arrival = source.latestArrival
      let pts = Double(slot.source.pts ?? 0)
      let start = beginning ?? pts
      beginning = start
      // Rounded once, so that a frame at ten seconds is one. Timestamps beyond all reason would be beyond a clock's as
      // well.
      let time = timeBase.isPositive ? (pts - start) * Double(timeBase.numerator) / Double(timeBase.denominator) : 0
      slot.time = min(1e9, max(-1e9, time))
      if let end = options.script?.end, slot.time >= end { break }
      counters.noteArrival()
      let (width, height) = (slot.source.width, slot.source.height)
      let size = WorkSizeLadder.Size(width: turns ? height : width, height: turns ? width : height)
      state.withLock { $0.sourceSize = size }
      drop(circle.decoded.push(slot), circle)
    }
    if isStopping() { counters.noteStop() }
    source.stop()
    circle.decoded.finish()
  }

  private func drop(_ late: FrameSlot?, _ circle: SlotCircle) {
    guard let late else { return }
    counters.noteDrop()
    circle.recycle(late)
  }

  private func convertIn(_ circle: SlotCircle) throws {
    let input = InputConversion(orientation: source.description.orientation, denoises: options.denoises)
    var step = 0
    while let slot = circle.decoded.pop() {
      var now = ContinuousClock.now
      switch options.frames {
      case .every:
        // Fades go by the frames' times, whenever they are painted.
        now = instant(of: slot.time)
        try options.script?.perform(from: &step, until: slot.time, on: style, instant: instant(of:))
      case .newest: state.withLock { $0.time = slot.time }
      }
      let recipe = try style.recipe(at: now)
      (slot.recipe, slot.blend) = (recipe, recipe.blend)
      let work = try slot.work.rgb24(width: recipe.size.width, height: recipe.size.height)
      try input.convert(slot.source, into: work)
      drop(circle.converted.push(slot), circle)
    }
    circle.converted.finish()
  }

  /// When a time of the video counts as, for fades.
  private func instant(of seconds: Double) -> ContinuousClock.Instant { counters.start + .seconds(seconds) }

  private func paint(
    _ circle: SlotCircle, _ painter: FramePainter, _ place: Int, _ isStopping: () -> Bool
  ) throws {
    while let slot = circle.converted.pop() {
      slot.isPainted = options.frames == .newest || !isStopping()
      if slot.isPainted, let recipe = slot.recipe, let work = slot.work.frame, let from = work.plane(0) {
        let painted = try slot.painted.of(work.format)
        guard let to = painted.plane(0) else { continue }
        let start = ContinuousClock.now
        try painter.paint(
          recipe, place: place, from, sourceStride: work.stride(0), into: to, destinationStride: painted.stride(0))
        counters.notePainting(start.duration(to: .now))
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
    let output = OutputConversion(orientation: description.orientation, sinkOrientation: sink.orientation)
    var format = sink.format(for: description)
    // Of every frame, the work size stays.
    var dissolve = options.frames == .newest ? Dissolve() : nil
    var workSize: VideoFormat?
    var isCut = false
    while let slot = circle.painted.pop() {
      // After a stop, a later frame may be done where an earlier one is not: the film ends at the gap.
      isCut = isCut || !slot.isPainted
      guard !isCut, let painted = slot.painted.frame else {
        // Back to the decoder, which waits for a slot before it asks whether to stop.
        circle.recycle(slot)
        continue
      }
      if description.format != slot.source.format {
        description.format = slot.source.format
        format = sink.format(for: description)
      }
      if workSize != nil, workSize != painted.format { try dissolve?.begin() }
      workSize = painted.format
      let frame = try slot.output.of(format)
      try output.convert(painted, source: slot.source, blend: slot.blend, into: frame)
      try dissolve?.apply(to: frame)
      _ = circle.finished.push(slot)
    }
    circle.finished.finish()
  }

  private func encode(_ circle: SlotCircle, _ progress: (_ framesWritten: Int) -> Void) throws {
    while let slot = circle.finished.pop() {
      if let frame = slot.output.frame {
        try sink.write(frame, source: slot.source, arrival: slot.arrival)
        progress(counters.noteWriting())
      }
      circle.recycle(slot)
    }
  }
}
