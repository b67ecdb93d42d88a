import ArgumentParser
import Console
import FFmpeg
import Foundation
import Inference
import Measurement
import Streaming
import Synchronization
import Threading

/// Measures frames painted as in `stylize-video`, with the same number of frames at a time.
struct VideoMeasurement {
  private let request: PointRequest
  private let style: StyleMixer
  private let interrupt: InterruptFlag

  /// Prepares engines for `parallelism`.
  init(
    _ request: PointRequest, model: PreparedModel, parallelism: Parallelism, interrupt: InterruptFlag
  ) throws {
    self.request = request
    self.interrupt = interrupt
    style = StyleMixer(NamedStyle("random", model: model), parallelism: parallelism, threads: request.threads)
    try style.prepare(width: request.size.width, height: request.size.height)
  }

  /// The number of frames painted at a time.
  var parallelFrames: Int { style.parallelFrames }

  /// Paints copies of `frame` without decoding and encoding, each engine on its own thread. The times are those of
  /// single frames.
  func frames(_ length: MeasurementLength, of frame: [UInt8]) throws -> MeasuredFrames {
    let times = Mutex<[Double]>([])
    let started = Atomic<Int>(0)
    let (interrupt, stride) = (interrupt, 3 * request.size.width)
    // The engines are ready once each has painted an uncounted frame.
    for place in 0..<parallelFrames {
      var result = frame
      try style.stylize(frame, sourceStride: stride, into: &result, destinationStride: stride, place: place)
    }
    let threads = ThreadGroup()
    let start = ContinuousClock.now
    for place in 0..<parallelFrames {
      threads.start("paint") { [style] in
        var result = frame
        while true {
          if let code = interrupt.exitCode { throw ExitCode(code) }
          let number = started.wrappingAdd(1, ordering: .relaxed).oldValue
          switch length {
          case .frames(let count): if number >= count { return }
          case .seconds(let wanted):
            if number >= 3, (ContinuousClock.now - start).seconds >= wanted { return }
          }
          let milliseconds = try Timing.milliseconds {
            try style.stylize(frame, sourceStride: stride, into: &result, destinationStride: stride, place: place)
          }
          times.withLock { $0.append(milliseconds) }
        }
      }
    }
    try threads.wait()
    let seconds = (ContinuousClock.now - start).seconds
    let all = times.withLock { $0 }
    return MeasuredFrames(times: all, count: all.count, seconds: seconds)
  }

  /// Decodes, paints and encodes `clip`, which is then deleted. The times are those between finished frames.
  func video(_ clip: String) throws -> MeasuredFrames {
    defer { try? FileManager.default.removeItem(atPath: clip) }
    let output = clip + ".out.mp4"
    defer { try? FileManager.default.removeItem(atPath: output) }
    let ends = FrameTimes()
    let numbers = try VideoStylization(input: clip, decoderThreads: request.threads).run(
      output: MediaTarget(output), style: style,
      options: Stylization.Options(workSize: (request.size.width, request.size.height)),
      encoding: EncodingOptions(threads: request.threads), shouldStop: { [interrupt] in interrupt.isRaised },
      progress: { _ in ends.note() }
    ).statistics
    if let code = interrupt.exitCode { throw ExitCode(code) }
    let intervals = ends.intervals
    return MeasuredFrames(
      times: intervals.isEmpty ? [numbers.seconds * 1000] : intervals, count: numbers.framesWritten,
      seconds: numbers.seconds)
  }
}
