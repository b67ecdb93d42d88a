import ArgumentParser
import Console
import Foundation
import Inference
import Measurement
import Streaming
import Synchronization

/// Frames painted as `stylize-video` paints them: as many at a time as it would.
struct VideoMeasurement {
  private let request: PointRequest
  private let stylizers: [any FrameStylizer]
  private let interrupt: InterruptFlag

  /// Prepares engines for `parallelism`.
  init(
    _ request: PointRequest, model: PreparedModel, parallelism: Parallelism, interrupt: InterruptFlag
  ) throws {
    self.request = request
    self.interrupt = interrupt
    stylizers = try parallelism.makeStylizers(
      model: model, width: request.size.width, height: request.size.height, threads: request.threads)
  }

  /// How many frames are painted at a time.
  var parallelFrames: Int { stylizers.count }

  /// Paints copies of `frame` without decoding and encoding, each engine on a thread of its own; the times are those of single
  /// frames.
  func frames(_ length: MeasurementLength, of frame: [UInt8]) throws -> MeasuredFrames {
    let times = Mutex<[Double]>([])
    let started = Atomic<Int>(0)
    let (interrupt, stride) = (interrupt, 3 * request.size.width)
    // The engines are ready once each has painted a frame that does not count.
    for stylizer in stylizers {
      var result = frame
      try stylizer.stylize(frame, sourceStride: stride, into: &result, destinationStride: stride)
    }
    let threads = ThreadGroup()
    let start = ContinuousClock.now
    for stylizer in stylizers {
      nonisolated(unsafe) let stylizer = stylizer
      threads.start("paint") {
        var result = frame
        while true {
          if let code = interrupt.exitCode { throw ExitCode(code) }
          let number = started.wrappingAdd(1, ordering: .relaxed).oldValue
          switch length {
          case .frames(let count): if number >= count { return }
          case .seconds(let wanted):
            if number >= 3, (ContinuousClock.now - start).inSeconds >= wanted { return }
          }
          let milliseconds = try Timing.milliseconds {
            try stylizer.stylize(frame, sourceStride: stride, into: &result, destinationStride: stride)
          }
          times.withLock { $0.append(milliseconds) }
        }
      }
    }
    try threads.wait()
    let seconds = (ContinuousClock.now - start).inSeconds
    let all = times.withLock { $0 }
    return MeasuredFrames(times: all, count: all.count, seconds: seconds)
  }

  /// Decodes, repaints and encodes `clip`, which is removed; the times are from one finished frame to the next.
  func video(_ clip: String) throws -> MeasuredFrames {
    defer { try? FileManager.default.removeItem(atPath: clip) }
    let output = clip + ".out.mp4"
    defer { try? FileManager.default.removeItem(atPath: output) }
    let job = try VideoStylization(
      input: clip,
      options: VideoStylization.Options(
        workSize: (request.size.width, request.size.height), encoding: EncodingOptions(threads: request.threads),
        decoderThreads: request.threads))
    let ends = FrameTimes()
    let summary = try job.run(
      output: output, makeStylizers: { _, _ in stylizers }, shouldStop: { [interrupt] in interrupt.isRaised },
      progress: { _ in ends.note() }
    ).summary
    if let code = interrupt.exitCode { throw ExitCode(code) }
    let intervals = ends.intervals
    return MeasuredFrames(
      times: intervals.isEmpty ? [summary.seconds * 1000] : intervals, count: summary.frames, seconds: summary.seconds)
  }
}
