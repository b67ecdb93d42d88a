import Console
import Inference
import Measurement
import Streaming
import Threading

/// Measures the delay of one stream.
enum DelayMeasurement {
  /// A row of the table.
  struct Row: Encodable {
    var network: String
    var size: String
    var fps: Double
    var framesIn: Int
    var framesOut: Int
    var framesDropped: Int
    var paintMs: Double
    var p50Ms: Double
    var p95Ms: Double
    /// The 95th percentile in units of the frame interval.
    var p95Intervals: Double
  }

  static let table = TextTable([
    .init("network", width: 12, isText: true), .init("size", width: 9, isText: true), .init("fps"), .init("in"),
    .init("out"), .init("dropped"), .init("paint ms"), .init("p50 ms"), .init("p95 ms"), .init("p95 / interval"),
  ])

  static func cells(_ row: Row) -> [String] {
    [
      row.network, row.size, row.fps.threeDigits, "\(row.framesIn)", "\(row.framesOut)", "\(row.framesDropped)",
      row.paintMs.threeDigits, row.p50Ms.threeDigits, row.p95Ms.threeDigits, row.p95Intervals.threeDigits,
    ]
  }

  /// Returns a frame rate that the machine can sustain with reserves for decoding, conversion and encoding.
  static func heldRate(_ source: PaintedSource, _ pool: ComputePool) throws -> Double {
    let (width, height) = (source.size.width, source.size.height)
    let engine = try StyleEngine(model: source.model, width: width, height: height, pool: pool)
    var pixels = [UInt8](repeating: 128, count: 3 * width * height)
    let times = try (0..<7).map { _ in
      try pixels.withUnsafeMutableBufferPointer { pixels in
        guard let base = pixels.baseAddress else { return 0.0 }
        return try Timing.milliseconds {
          try engine.stylize(base, sourceStride: 3 * width, into: base, destinationStride: 3 * width)
        }
      }
    }
    return min(30, max(0.5, (700 / Statistics.median(times) * 10).rounded(.down) / 10))
  }

  /// Paints `rate` frames per second for a second longer than `seconds`.
  static func run(_ source: PaintedSource, rate: Double, seconds: Double, _ pool: ComputePool) throws -> Row {
    let numbers = try source.paint(
      rate: rate, seconds: seconds + 1, style: source.style(pool), encoderThreads: pool.threadCount)
    return Row(
      network: source.network, size: "\(source.size)", fps: rate, framesIn: numbers.framesIn,
      framesOut: numbers.framesOut, framesDropped: numbers.framesDropped, paintMs: numbers.paintMs,
      p50Ms: numbers.latencyP50Ms, p95Ms: numbers.latencyP95Ms, p95Intervals: numbers.latencyP95Ms * rate / 1000)
  }
}
