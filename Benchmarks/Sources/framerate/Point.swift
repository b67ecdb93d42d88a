import Console
import Measurement
import Networks

/// What one measurement is of.
struct PointRequest: Sendable {
  let network: NetworkChoice
  let size: FrameSize
  let threads: Int

  /// `johnson 640x360, 2 threads`.
  var title: String { "\(network.name) \(size), \(threads) \(threads == 1 ? "thread" : "threads")" }
}

/// What one measurement found; the object of `--json`.
struct Point: Codable, Sendable {
  /// Speed and what follows from it.
  struct Rates: Codable, Sendable {
    /// Frames a second from the first to the last.
    var fps: Double
    /// Milliseconds of one stylization; end to end, from one finished frame to the next.
    var p50Ms: Double
    var p95Ms: Double
    var p99Ms: Double
    /// The frames that were measured.
    var frames: Int
    /// 10⁹ multiply-adds a second, counted as direct convolution.
    var gmacPerSecond: Double
    /// The same as a share of the processor's peak; Winograd's algorithm does fewer operations and may exceed 1.
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

  /// One step of the plan.
  struct Step: Codable, Sendable {
    var name: String
    /// The median of the repetitions.
    var ms: Double
  }

  /// The architecture's name and the multiplier of its channels: `half` is `johnson` of width 0.5.
  var network: String
  var width: Double
  /// `1280x720`.
  var size: String
  var threads: Int
  /// 10⁹ multiply-adds for one frame, counted as direct convolution.
  var gmacPerFrame: Double
  /// 10⁹ operations a second of fused multiply-adds on these threads, measured right before and after.
  var peakGFLOPS: Double
  /// One frame after another on all threads.
  var inference: Rates
  /// Painting alone, several frames at a time as the whole job does it; nil with `--inference-only`.
  var parallel: Rates?
  /// How many frames at a time.
  var parallelFrames: Int?
  /// The whole job; nil with `--inference-only`.
  var endToEnd: Rates?
  /// The process's largest resident set in units of 2^20 bytes.
  var peakMemoryMB: Double
  /// The same after inference, before the video; nil where there was none.
  var inferencePeakMemoryMB: Double?
  /// With `--profile`.
  var steps: [Step]?
}

/// The object of `--json` for several points.
struct Report: Codable {
  var machine: Machine
  var points: [Point]
}
