import Console
import Networks
import Streaming

/// What `--json` prints of a video whose every frame was painted.
struct VideoReport: Encodable {
  struct FrameTimes: Encodable {
    var p50: Double
    var p95: Double
  }

  var frames: Int
  var seconds: Double
  var fps: Double
  /// Milliseconds of one stylization.
  var frameMs: FrameTimes
  var peakMemoryMB: Double
  var width: Int
  var height: Int
  var style: String
  var network: String
  /// The canvas' extents; nil where there is none.
  var canvas: String?

  init(_ result: VideoStylization.Result, style: String, network: String, canvas: String?) {
    let summary = result.summary
    frames = summary.frames
    seconds = summary.seconds.rounded(to: 1000)
    fps = summary.framesPerSecond.rounded(to: 1000)
    frameMs = FrameTimes(
      p50: summary.medianMilliseconds.rounded(to: 1000), p95: summary.percentile95Milliseconds.rounded(to: 1000))
    peakMemoryMB = PeakMemory.megabytes.rounded(to: 10)
    width = result.width
    height = result.height
    self.style = style
    self.network = network
    self.canvas = canvas
  }
}

/// What `--json` prints of a live run.
struct LiveReport: Encodable {
  struct Latency: Encodable {
    /// Of the last seconds.
    var p50: Double
    var p95: Double
    /// Of the whole run.
    var p95Overall: Double
  }

  var frames: Int
  var framesIn: Int
  var framesDropped: Int
  var seconds: Double
  var fps: Double
  /// Milliseconds from the arrival of a frame to the writing of its painted one.
  var latencyMs: Latency
  var workSize: String
  /// The canvas' extents; nil where there is none.
  var canvas: String?
  /// How large the strokes are; nil where there is no canvas.
  var strokeSize: Strokes?
  var workSizeChanges: Int
  var reconnects: Int
  var peakMemoryMB: Double
  var width: Int
  var height: Int
  var styles: [String: Double]

  init(_ result: LiveVideo.Result, style: LiveStyle.State) {
    let numbers = result.statistics
    frames = numbers.framesOut
    framesIn = numbers.framesIn
    framesDropped = numbers.framesDropped
    seconds = numbers.seconds.rounded(to: 1000)
    fps = (numbers.seconds > 0 ? Double(numbers.framesOut) / numbers.seconds : 0).rounded(to: 1000)
    latencyMs = Latency(
      p50: numbers.latencyP50Ms.rounded(to: 100), p95: numbers.latencyP95Ms.rounded(to: 100),
      p95Overall: numbers.latencyP95MsOverall.rounded(to: 100))
    workSize = "\(numbers.workWidth)x\(numbers.workHeight)"
    canvas = style.canvas.map { "\($0.width)x\($0.height)" }
    strokeSize = style.strokes
    workSizeChanges = numbers.workSizeChanges
    reconnects = numbers.reconnects
    peakMemoryMB = PeakMemory.megabytes.rounded(to: 10)
    width = result.width
    height = result.height
    styles = Dictionary(style.styles.map { ($0.name, $0.share.rounded(to: 1000)) }) { $0 + $1 }
  }
}

extension Double {
  /// The nearest multiple of `1/fraction`.
  func rounded(to fraction: Double) -> Double { (self * fraction).rounded() / fraction }
}
