import Console
import Measurement
import Networks

/// The subject of a measurement.
struct PointRequest: Sendable {
  let network: NetworkChoice
  let size: FrameSize
  let threads: Int

  /// The title, such as `johnson 640x360, 2 threads`.
  var title: String { "\(network.name) \(size), \(threads) \(threads == 1 ? "thread" : "threads")" }
}

/// The result of a measurement; the object of `--json`.
struct Point: Codable, Sendable {
  /// Frame rate and derived figures.
  struct Rates: Codable, Sendable {
    /// Frames per second from the first to the last.
    var fps: Double
    /// The median in milliseconds: of one stylization, or end to end, between finished frames.
    var p50Ms: Double
    var p95Ms: Double
    var p99Ms: Double
    /// The number of measured frames.
    var frames: Int
    /// 10⁹ multiply-adds per second, counted as direct convolution.
    var gmacPerSecond: Double
    /// The same as a share of the processor's peak. Winograd's algorithm needs fewer operations and may exceed 1.
    var peakShare: Double

    init(_ measured: MeasuredFrames, gmacPerFrame: Double, peakGFLOPS: Double) {
      let rate = Double(measured.count) / measured.seconds
      fps = rate.rounded(significantDigits: 5)
      p50Ms = Statistics.percentile(measured.times, 0.5).rounded(significantDigits: 5)
      p95Ms = Statistics.percentile(measured.times, 0.95).rounded(significantDigits: 5)
      p99Ms = Statistics.percentile(measured.times, 0.99).rounded(significantDigits: 5)
      frames = measured.count
      gmacPerSecond = (rate * gmacPerFrame).rounded(significantDigits: 4)
      peakShare = (2 * rate * gmacPerFrame / peakGFLOPS).rounded(significantDigits: 3)
    }
  }

  /// A step of the plan.
  struct Step: Codable, Sendable {
    var name: String
    /// The median over the repetitions in milliseconds.
    var ms: Double
  }

  /// The name of the architecture, whose channels are multiplied by `width`: `half` is `johnson` of width 0.5.
  var network: String
  var width: Double
  /// The size, such as `1280x720`.
  var size: String
  var threads: Int
  /// 10⁹ multiply-adds per frame, counted as direct convolution.
  var gmacPerFrame: Double
  /// 10⁹ operations per second of fused multiply-adds on these threads, measured just before and after.
  var peakGFLOPS: Double
  /// Frames painted sequentially on all threads.
  var inference: Rates
  /// Painting alone, several frames at a time as in the whole pipeline; nil with `--inference-only`.
  var parallel: Rates?
  /// The number of frames painted at a time.
  var parallelFrames: Int?
  /// The whole pipeline; nil with `--inference-only`.
  var endToEnd: Rates?
  /// The maximum resident set of the process in MiB.
  var peakMemoryMB: Double
  /// The same after inference, before the video; nil if no video was measured.
  var inferencePeakMemoryMB: Double?
  /// The steps; only with `--profile`.
  var steps: [Step]?
}

/// The object of `--json` for several points.
struct Report: Codable {
  var machine: Machine
  var points: [Point]
}
