import ArgumentParser
import Console
import Foundation
import Inference
import Measurement
import Networks
import Streaming
import Tensors
import Threading

/// The length of a measurement.
enum MeasurementLength: Sendable {
  /// For this time, but at least three frames.
  case seconds(Double)
  /// Exactly this many frames.
  case frames(Int)
}

/// The times of a sequence of frames.
struct MeasuredFrames: Sendable {
  /// The milliseconds of each frame.
  var times: [Double]
  /// The number of frames.
  var count: Int
  /// The total time in seconds.
  var seconds: Double
}

/// Measures one engine in this process, which paints frames sequentially on all threads.
struct EngineMeasurement {
  /// The number of frames before the first counted one.
  static let warmUpFrames = 2

  private let size: FrameSize
  private let engine: StyleEngine
  private let frame: [UInt8]
  private let interrupt: InterruptFlag

  /// Prepares the engine. `frame` is RGB24 of the request's size, without padding.
  init(
    _ request: PointRequest, model: PreparedModel, frame: [UInt8], pool: ComputePool, interrupt: InterruptFlag
  ) throws {
    size = request.size
    engine = try StyleEngine(model: model, width: size.width, height: size.height, pool: pool)
    self.frame = frame
    self.interrupt = interrupt
  }

  /// Paints for `length` after `warmUp` uncounted frames.
  func frames(_ length: MeasurementLength, warmUp: Int = warmUpFrames) throws -> MeasuredFrames {
    var result = [UInt8](repeating: 0, count: frame.count)
    let stride = 3 * size.width
    func paint() throws {
      if let code = interrupt.exitCode { throw ExitCode(code) }
      try engine.stylize(frame, sourceStride: stride, into: &result, destinationStride: stride)
    }
    for _ in 0..<warmUp { try paint() }
    var times: [Double] = []
    let start = ContinuousClock.now
    var elapsed: Double { (ContinuousClock.now - start).seconds }
    switch length {
    case .frames(let count):
      for _ in 0..<count { times.append(try Timing.milliseconds(paint)) }
    case .seconds(let wanted):
      while times.count < 3 || elapsed < wanted { times.append(try Timing.milliseconds(paint)) }
    }
    return MeasuredFrames(times: times, count: times.count, seconds: elapsed)
  }

  // MARK: One frame

  /// Returns the network's result for the frame before clamping: float32 `[H, W, 3]`.
  func floats() throws -> Tensor { try engine.run(input()) }

  /// Returns the median time of each step over `repetitions`.
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
      Shape(batch: 1, height: size.height, width: size.width, channels: 3),
      elements: frame.map(Float.init))
  }
}
