import ArgumentParser
import Console
import Foundation
import Inference
import Measurement
import Networks
import Streaming
import Tensors
import Threading

/// Measures one point in this process.
final class PointMeasurement {
  /// How long to measure.
  enum Length: Sendable {
    /// For this time, but at least three frames.
    case seconds(Double)
    /// Exactly so many frames.
    case frames(Int)
  }

  /// Frames before the first one that counts.
  private static let warmUpFrames = 2

  private let request: PointRequest
  private let pool: ComputePool
  private let engine: StyleEngine
  private let frame: [UInt8]
  private let interrupt: InterruptFlag
  private let gmacPerFrame: Double
  private var peakGFLOPS: Double

  /// Prepares the engine. `frame` is RGB24 of the request's size, without padding.
  init(_ request: PointRequest, model: StyleModel, frame: [UInt8], interrupt: InterruptFlag) throws {
    self.request = request
    self.frame = frame
    self.interrupt = interrupt
    pool = ComputePool(threads: request.threads)
    engine = try StyleEngine(model: model, width: request.size.width, height: request.size.height, pool: pool)
    let multiple = max(1, model.definition.sizeMultiple)
    func extended(_ extent: Int) -> Int { (extent + multiple - 1) / multiple * multiple }
    gmacPerFrame =
      Double(
        model.definition.multiplyAdds(height: extended(request.size.height), width: extended(request.size.width))) / 1e9
    peakGFLOPS = Roofline.measuredPeak(pool)
  }

  /// Inference, and after it the whole job on a clip that `makeClip` writes for a number of frames, if given.
  func run(_ length: Length, makeClip: ((_ frames: Int) throws -> String)?) throws -> Point {
    let (times, seconds) = try inferenceTimes(length)
    let inferencePeak = PeakMemory.megabytes
    var whole: (times: [Double], frames: Int, seconds: Double)?
    if let makeClip {
      let frames =
        switch length {
        case .frames(let count): count
        case .seconds(let wanted): max(10, Int((wanted * Double(times.count) / seconds).rounded()))
        }
      whole = try videoTimes(makeClip(frames))
    }
    // The processor may have changed its clock meanwhile.
    peakGFLOPS = max(peakGFLOPS, Roofline.measuredPeak(pool))
    func rates(_ times: [Double], _ frames: Int, _ seconds: Double) -> Point.Rates {
      Point.Rates(
        times: times, frames: frames, seconds: seconds, gmacPerFrame: gmacPerFrame, peakGFLOPS: peakGFLOPS)
    }
    let definition = request.network.definition
    return Point(
      network: definition.name, width: definition.width, size: "\(request.size)", threads: request.threads,
      gmacPerFrame: gmacPerFrame.rounded(significantDigits: 5), peakGFLOPS: peakGFLOPS.rounded(significantDigits: 4),
      inference: rates(times, times.count, seconds),
      endToEnd: whole.map { rates($0.times, $0.frames, $0.seconds) },
      peakMemoryMB: PeakMemory.megabytes.rounded(significantDigits: 5),
      inferencePeakMemoryMB: whole == nil ? nil : inferencePeak.rounded(significantDigits: 5))
  }

  /// The milliseconds of each frame, and the seconds of all.
  private func inferenceTimes(_ length: Length) throws -> (times: [Double], seconds: Double) {
    var result = [UInt8](repeating: 0, count: frame.count)
    let stride = 3 * request.size.width
    func paint() throws {
      if let code = interrupt.exitCode { throw ExitCode(code) }
      try engine.stylize(frame, sourceStride: stride, into: &result, destinationStride: stride)
    }
    for _ in 0..<Self.warmUpFrames { try paint() }
    var times: [Double] = []
    let start = ContinuousClock.now
    var elapsed: Double { (ContinuousClock.now - start).inSeconds }
    switch length {
    case .frames(let count):
      for _ in 0..<count { times.append(try Timing.milliseconds(paint)) }
    case .seconds(let wanted):
      while times.count < 3 || elapsed < wanted { times.append(try Timing.milliseconds(paint)) }
    }
    return (times, elapsed)
  }

  /// Decodes, repaints and encodes `clip` as `stylize-video` does; the times are from one finished frame to the next.
  private func videoTimes(_ clip: String) throws -> (times: [Double], frames: Int, seconds: Double) {
    defer { try? FileManager.default.removeItem(atPath: clip) }
    let output = clip + ".out.mp4"
    defer { try? FileManager.default.removeItem(atPath: output) }
    let job = try VideoStylization(
      input: clip,
      options: VideoStylization.Options(
        workSize: (request.size.width, request.size.height), encoding: EncodingOptions(threads: pool.threadCount),
        decoderThreads: pool.threadCount))
    let ends = FrameTimes()
    let summary = try job.run(
      output: output, makeStylizers: { [engine] _, _ in [engine] }, shouldStop: { [interrupt] in interrupt.isRaised },
      progress: { _ in ends.note() }
    ).summary
    if let code = interrupt.exitCode { throw ExitCode(code) }
    let intervals = ends.intervals
    return (intervals.isEmpty ? [summary.seconds * 1000] : intervals, summary.frames, summary.seconds)
  }

  // MARK: One frame

  /// The network's result for the frame, before it is clamped: float32 `[H, W, 3]`.
  func floats() throws -> Tensor { try engine.run(input()) }

  /// The median time of each step over `repetitions`.
  func profile(repetitions: Int) throws -> [Point.Step] {
    let input = input()
    _ = try engine.profile(input)
    let runs = try (0..<max(1, repetitions)).map { _ in
      if let code = interrupt.exitCode { throw ExitCode(code) }
      return try engine.profile(input)
    }
    return (runs.first ?? []).indices.map { step in
      let times = runs.map { $0[step].seconds * 1000 }
      return Point.Step(name: runs[0][step].name, ms: Statistics.median(times).rounded(significantDigits: 4))
    }
  }

  private func input() -> Tensor {
    Tensor(
      Shape(batch: 1, height: request.size.height, width: request.size.width, channels: 3),
      elements: frame.map(Float.init))
  }
}
