import FFmpeg
import Synchronization
import Threading

/// Repaints what comes in as it comes in: of the frames that wait, the newest is painted and the others are dropped.
///
/// Reading, both conversions, painting and writing have a thread each; between two of them there is room for one frame, so that
/// no frame grows old in a queue. A source that is faster than painting loses frames, each one's time stays its own. Another
/// thread watches how long painting takes and changes the work size where it is to keep up.
public final class LiveStylization: Sendable {
  /// How to do it.
  public struct Options: Sendable {
    /// The greatest size of the pictures that the networks see; nil for the source's, as displayed.
    public var workSize: (width: Int, height: Int)?
    /// Whether the work size goes down where the machine does not keep up, and up again where it could.
    public var adaptsWorkSize: Bool

    /// Whether the networks see the frames without the noise of what rests, see ``TemporalDenoiser``.
    public var denoises: Bool

    /// The source's size, adapted, and its frames as they are, unless told otherwise.
    public init(workSize: (width: Int, height: Int)? = nil, adaptsWorkSize: Bool = true, denoises: Bool = false) {
      self.workSize = workSize
      self.adaptsWorkSize = adaptsWorkSize
      self.denoises = denoises
    }
  }

  private let source: any FrameSource
  private let style: LiveStyle
  private let sink: any LiveSink
  private let options: Options
  private let counters = LiveCounters()
  private let isStopped = Atomic<Bool>(false)
  /// The source's latest size as displayed.
  private let sourceSize: Mutex<WorkSizeLadder.Size>

  /// A run of `source` through `style` into `sink`, to be run once.
  public init(source: any FrameSource, style: LiveStyle, sink: any LiveSink, options: Options = Options()) {
    self.source = source
    self.style = style
    self.sink = sink
    self.options = options
    let size = source.description.displaySize
    sourceSize = Mutex(WorkSizeLadder.Size(width: size.width, height: size.height))
  }

  /// Numbers at this moment.
  public var statistics: LiveStatistics {
    var result = counters.statistics
    let settings = style.settings
    (result.workWidth, result.workHeight) = (settings.workWidth, settings.workHeight)
    (result.canvasWidth, result.canvasHeight) = (settings.canvas?.width, settings.canvas?.height)
    result.reconnects = (source as? VideoReader)?.reconnectCount ?? 0
    return result
  }

  /// Ends the run soon: what is under way is still painted and written. May be called from any thread, also before the run.
  public func stop() {
    isStopped.store(true, ordering: .releasing)
    source.stop()
  }

  /// Runs until the source ends or someone stops it; returns when the sink has finished.
  ///
  /// `observe` gets the numbers four times a second, on a thread of the run; `shouldStop` is asked as often. Throws the first
  /// error of any thread; the sink does not finish then.
  public func run(
    shouldStop: @escaping @Sendable () -> Bool = { false },
    observe: @escaping @Sendable (LiveStatistics) -> Void = { _ in }
  ) throws {
    let first = fullSize
    try style.prepare(width: first.width, height: first.height)
    let threads = ThreadGroup()
    let stages = Stages()
    threads.onCancel { [source] in
      source.stop()
      stages.closeAll()
    }
    for _ in 0..<Stages.slotCount { stages.free.push(try LiveSlot()) }
    source.start(on: threads)
    sink.start(on: threads, delivered: { [counters] in counters.noteDelivery(of: $0) })
    threads.start("decode") { [self] in try decode(stages) }
    threads.start("convert-in") { [self] in try convertIn(stages) }
    threads.start("infer") { [self] in try infer(stages) }
    threads.start("convert-out") { [self] in try convertOut(stages) }
    threads.start("encode") { [self] in
      while let slot = stages.finished.pop() {
        if let frame = slot.sink { try sink.write(frame, source: slot.source, arrival: slot.arrival) }
        stages.recycle(slot)
      }
      if !threads.isCancelled { try sink.finish() }
      stages.isDone.store(true, ordering: .releasing)
    }
    threads.start("adapt") { [self] in
      try adapt(stages, isCancelled: { threads.isCancelled }, shouldStop: shouldStop, observe: observe)
    }
    try threads.wait()
  }

  // MARK: The frame path

  private func decode(_ stages: Stages) throws {
    while !isStopped.load(ordering: .acquiring), let slot = stages.free.pop() {
      guard try source.read(into: slot.source) else { break }
      slot.arrival = source.latestArrival
      counters.noteArrival()
      let turned = source.description.orientation.swapsSides
      let (width, height) = (slot.source.width, slot.source.height)
      let size = WorkSizeLadder.Size(width: turned ? height : width, height: turned ? width : height)
      sourceSize.withLock { $0 = size }
      overtake(stages.decoded.put(slot), stages)
    }
    source.stop()
    stages.decoded.close()
  }

  private func overtake(_ late: LiveSlot?, _ stages: Stages) {
    guard let late else { return }
    counters.noteDrop()
    stages.recycle(late)
  }

  private func convertIn(_ stages: Stages) throws {
    let input = InputConversion(orientation: source.description.orientation, denoises: options.denoises)
    while let slot = stages.decoded.take() {
      try input.convert(slot.source, into: try slot.work(of: style.size))
      overtake(stages.converted.put(slot), stages)
    }
    stages.converted.close()
  }

  private func infer(_ stages: Stages) throws {
    while let slot = stages.converted.take() {
      guard let work = slot.work, let from = work.plane(0) else { continue }
      let size = WorkSizeLadder.Size(width: work.width, height: work.height)
      let stylized = try slot.stylized(of: size)
      guard let to = stylized.plane(0) else { continue }
      let start = ContinuousClock.now
      do {
        try style.stylize(
          from, sourceStride: work.stride(0), into: to, destinationStride: stylized.stride(0), size: size)
      } catch LiveStyleError.sizeNotPrepared {
        // Two changes of size in the time of one frame.
        overtake(slot, stages)
        continue
      }
      counters.notePainting(start.duration(to: .now))
      stages.stylized.push(slot)
    }
    stages.stylized.close()
  }

  private func convertOut(_ stages: Stages) throws {
    let output = OutputConversion(orientation: source.description.orientation, sinkOrientation: sink.orientation)
    var dissolve = Dissolve()
    var description = source.description
    var format = sink.format(for: description)
    var workSize: WorkSizeLadder.Size?
    while let slot = stages.stylized.pop() {
      guard let stylized = slot.stylized else { continue }
      if description.format != slot.source.format {
        description.format = slot.source.format
        format = sink.format(for: description)
      }
      let size = WorkSizeLadder.Size(width: stylized.width, height: stylized.height)
      if workSize != nil, workSize != size { try dissolve.begin() }
      workSize = size
      let frame = try slot.sink(of: format)
      try output.convert(stylized, source: slot.source, blend: style.currentBlend, into: frame)
      try dissolve.apply(to: frame)
      stages.finished.push(slot)
    }
    stages.finished.close()
  }

  // MARK: The work size

  /// The size at which everything is painted if the machine keeps up.
  private var fullSize: WorkSizeLadder.Size {
    options.workSize.map { WorkSizeLadder.Size(width: $0.width, height: $0.height) } ?? sourceSize.withLock { $0 }
  }

  private func adapt(
    _ stages: Stages, isCancelled: () -> Bool, shouldStop: () -> Bool, observe: (LiveStatistics) -> Void
  ) throws {
    let start = ContinuousClock.now
    var ladder = WorkSizeLadder(below: fullSize, canvasLines: style.canvasLines)
    var controller = WorkSizeController()
    var ticks = 0
    while !stages.isDone.load(ordering: .acquiring), !isCancelled() {
      stages.pause(milliseconds: 50)
      ticks += 1
      if shouldStop(), !isStopped.load(ordering: .acquiring) { stop() }
      let (full, canvasLines) = (fullSize, style.canvasLines)
      if ladder.canvasLines != canvasLines {
        let other = WorkSizeLadder(below: full, canvasLines: canvasLines)
        controller.move(from: ladder, to: other)
        ladder = other
      } else if ladder.rungs[0] != full {
        ladder = WorkSizeLadder(below: full, canvasLines: canvasLines)
      }
      let numbers = statistics
      var rung = min(controller.rung, ladder.rungs.count - 1)
      if options.adaptsWorkSize, !isStopped.load(ordering: .acquiring) {
        rung = controller.update(
          milliseconds: counters.recentPaintings, interval: numbers.fpsIn > 0 ? 1000 / numbers.fpsIn : 0,
          ladder: ladder, time: start.duration(to: .now).seconds)
      }
      let size = ladder.rungs[rung]
      if size != style.size {
        try style.prepare(width: size.width, height: size.height)
        counters.noteWorkSizeChange()
      }
      if ticks % 5 == 0 { observe(numbers) }
    }
    observe(statistics)
  }
}
