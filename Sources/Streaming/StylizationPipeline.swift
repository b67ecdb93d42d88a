import FFmpeg
import Synchronization
import Threading

/// Repaints the frames of a source into a sink: convert, infer, convert, each stage on a thread of its own, inference on
/// one for each stylizer.
///
/// A fixed number of slots goes round through bounded queues, so the memory does not depend on the number of frames.
/// The first error of any stage ends all of them.
public final class StylizationPipeline {
  /// What a run did.
  public struct Summary: Sendable {
    /// The frames written.
    public var frames = 0
    /// The time from start to end.
    public var seconds = 0.0
    /// The time of one stylization: how many milliseconds half of the frames did not exceed.
    public var medianMilliseconds = 0.0
    /// The same for 95 % of the frames.
    public var percentile95Milliseconds = 0.0
    /// Whether `shouldStop` ended it early.
    public var wasStopped = false

    /// Frames a second, from start to end.
    public var framesPerSecond: Double { seconds > 0 ? Double(frames) / seconds : 0 }
  }

  private let source: any FrameSource
  private let sink: any FrameSink
  private let stylizers: [any FrameStylizer]
  private let denoises: Bool
  private let blend: FrameBlend
  private let orientation: Orientation
  private let sinkOrientation: Orientation
  private let slotCount: Int

  /// A pipeline for one run.
  ///
  /// The stylizers, at least one and all of one size, see upright pictures of that size: one frame each at a time.
  /// `sinkOrientation` tells how the sink stores them: as the source does, or `upright`. `slots` is the number of frames
  /// under way at a time; nil for one in each stage. With `denoises`, the stylizers see the frames as ``TemporalDenoiser`` leaves
  /// them.
  public init(
    source: any FrameSource, sink: any FrameSink, stylizers: [any FrameStylizer], denoises: Bool = false,
    blend: FrameBlend = FrameBlend(), sinkOrientation: Orientation? = nil, slots: Int? = nil
  ) {
    precondition(!stylizers.isEmpty, "a pipeline needs a stylizer")
    self.source = source
    self.sink = sink
    self.stylizers = stylizers
    self.denoises = denoises
    self.blend = blend
    orientation = source.description.orientation
    self.sinkOrientation = sinkOrientation ?? orientation
    slotCount = max(1, slots ?? 4 + stylizers.count)
  }

  /// Runs until the source ends; returns when the sink has finished.
  ///
  /// `shouldStop` is asked before each frame: once true, the frames already repainted are written and the sink finishes as
  /// at the end of the source. `progress` gets the number of frames written, on a thread of the pipeline. Throws the first
  /// error of any stage.
  public func run(
    shouldStop: @escaping @Sendable () -> Bool = { false },
    progress: @escaping @Sendable (_ framesWritten: Int) -> Void = { _ in }
  ) throws -> Summary {
    let start = ContinuousClock.now
    let threads = ThreadGroup()
    let queues = Queues(slots: slotCount, stylizers: stylizers.count)
    for _ in 0..<slotCount {
      queues.free.push(
        try FrameSlot(workWidth: stylizers[0].width, workHeight: stylizers[0].height, sinkFormat: sink.format))
    }
    threads.onCancel { queues.closeAll() }
    let summary = SummaryBox()
    source.start(on: threads)
    sink.start(on: threads)

    let (source, sink) = (source, sink)
    // A stage closes the next queue only when it ends well: after an error, nobody may take the rest for the end.
    threads.start("decode") {
      while let slot = queues.free.pop() {
        if shouldStop() {
          summary.state.withLock { $0.wasStopped = true }
          break
        }
        guard try source.read(into: slot.source) else {
          // A source may have been given up in the middle.
          if shouldStop() { summary.state.withLock { $0.wasStopped = true } }
          break
        }
        queues.decoded.push(slot)
      }
      source.stop()
      queues.decoded.close()
    }

    let input = InputConversion(orientation: orientation, denoises: denoises)
    threads.start("convert-in") {
      var count = 0
      while let slot = queues.decoded.pop() {
        try input.convert(slot.source, into: slot.work)
        slot.number = count
        count += 1
        queues.converted.push(slot)
      }
      queues.converted.close()
    }

    for (index, stylizer) in stylizers.enumerated() {
      nonisolated(unsafe) let stylizer = stylizer
      threads.start("infer-\(index)") {
        while let slot = queues.converted.pop() {
          slot.isStylized = !shouldStop()
          if slot.isStylized {
            let milliseconds = try Self.stylize(slot, stylizer)
            summary.times.withLock { $0.add(milliseconds: milliseconds) }
          } else {
            summary.state.withLock { $0.wasStopped = true }
          }
          queues.stylized.push(slot, number: slot.number)
        }
        queues.stylized.finish()
      }
    }

    let output = OutputConversion(orientation: orientation, sinkOrientation: sinkOrientation)
    let blend = blend
    threads.start("convert-out") {
      var isCut = false
      while let slot = queues.stylized.pop() {
        // After a stop, a later frame may be done where an earlier one is not: the film ends at the gap.
        isCut = isCut || !slot.isStylized
        if isCut {
          // Back to the decoder, which waits for a slot before it asks whether to stop.
          slot.source.unreference()
          queues.free.push(slot)
        } else {
          try output.convert(slot.stylized, source: slot.source, blend: blend, into: slot.sink)
          queues.finished.push(slot)
        }
      }
      queues.finished.close()
    }

    threads.start("encode") {
      var count = 0
      while let slot = queues.finished.pop() {
        try sink.write(slot.sink)
        slot.source.unreference()
        queues.free.push(slot)
        count += 1
        summary.state.withLock { $0.frames = count }
        progress(count)
      }
      if !threads.isCancelled { try sink.finish() }
    }

    try threads.wait()
    return summary.finished(after: ContinuousClock.now - start)
  }

  /// Returns how long it took.
  private static func stylize(_ slot: FrameSlot, _ stylizer: any FrameStylizer) throws -> Double {
    guard let from = slot.work.plane(0), let to = slot.stylized.plane(0) else { return 0 }
    let start = ContinuousClock.now
    try stylizer.stylize(
      from, sourceStride: slot.work.stride(0), into: to, destinationStride: slot.stylized.stride(0))
    return (ContinuousClock.now - start).milliseconds
  }
}

/// One frame on its way, with all the memory that it needs.
///
/// It belongs to the stage that has taken it from a queue.
final class FrameSlot: @unchecked Sendable {
  /// As decoded; shares the decoder's memory.
  let source: Frame
  /// RGB24 at the stylizer's size, upright.
  let work: Frame
  /// The same, repainted.
  let stylized: Frame
  /// As the sink takes it.
  let sink: Frame
  /// Its place in the order of the frames.
  var number = 0
  /// Whether it has been repainted.
  var isStylized = false

  init(workWidth: Int, workHeight: Int, sinkFormat: VideoFormat) throws {
    let workFormat = VideoFormat(width: workWidth, height: workHeight, pixelFormat: .rgb24)
    source = try Frame()
    work = try Frame(workFormat)
    stylized = try Frame(workFormat)
    sink = try Frame(sinkFormat)
  }
}

/// A queue in front of each stage, with room for all slots.
private final class Queues: Sendable {
  let free: BoundedQueue<FrameSlot>
  let decoded: BoundedQueue<FrameSlot>
  let converted: BoundedQueue<FrameSlot>
  let stylized: OrderedQueue<FrameSlot>
  let finished: BoundedQueue<FrameSlot>

  init(slots: Int, stylizers: Int) {
    free = BoundedQueue(capacity: slots)
    decoded = BoundedQueue(capacity: slots)
    converted = BoundedQueue(capacity: slots)
    stylized = OrderedQueue(producers: stylizers)
    finished = BoundedQueue(capacity: slots)
  }

  func closeAll() {
    for queue in [free, decoded, converted, finished] { queue.close(discarding: true) }
    stylized.close()
  }
}

private final class SummaryBox: Sendable {
  let state = Mutex(StylizationPipeline.Summary())
  let times = Mutex(DurationHistogram())

  func finished(after time: Duration) -> StylizationPipeline.Summary {
    var result = state.withLock { $0 }
    result.seconds = time.milliseconds / 1000
    times.withLock {
      result.medianMilliseconds = $0.percentile(0.5)
      result.percentile95Milliseconds = $0.percentile(0.95)
    }
    return result
  }
}
