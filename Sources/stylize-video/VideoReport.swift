import Console
import Networks
import Streaming

/// The report that `--json` prints.
struct VideoReport: Encodable {
  struct FrameTimes: Encodable {
    var p50: Double
    var p95: Double
  }

  struct Latency: Encodable {
    /// Over the last five seconds.
    var p50: Double
    var p95: Double
    /// Over the whole run.
    var p95Overall: Double
  }

  /// The number of painted frames written.
  var frames: Int
  var framesIn: Int
  var framesDropped: Int
  var seconds: Double
  var fps: Double
  /// The time to paint one frame in milliseconds.
  var frameMs: FrameTimes
  /// The time in milliseconds from the arrival of a frame to the writing of its painted frame.
  var latencyMs: Latency
  var workSize: String
  /// The size of the canvas; nil if there is none.
  var canvas: String?
  /// The stroke size; nil if there is no canvas.
  var strokeSize: Strokes?
  var workSizeChanges: Int
  var reconnects: Int
  var peakMemoryMB: Double
  var width: Int
  var height: Int
  /// The initial style; the names of a mixture have commas between them.
  var style: String
  var network: String
  /// The styles at the end with their shares.
  var styles: [String: Double]
  /// Where the film is painted; nil for everywhere.
  var mask: MaskReport?

  init(
    _ result: VideoStylization.Result, models: [StyleModel], style settings: StyleMixer.State, mask: MaskReport?
  ) {
    self.mask = mask
    let numbers = result.statistics
    frames = numbers.framesWritten
    framesIn = numbers.framesIn
    framesDropped = numbers.framesDropped
    seconds = numbers.seconds.rounded(to: 1000)
    fps = numbers.meanFps.rounded(to: 1000)
    frameMs = FrameTimes(
      p50: numbers.paintP50MsOverall.rounded(to: 1000), p95: numbers.paintP95MsOverall.rounded(to: 1000))
    latencyMs = Latency(
      p50: numbers.latencyP50Ms.rounded(to: 100), p95: numbers.latencyP95Ms.rounded(to: 100),
      p95Overall: numbers.latencyP95MsOverall.rounded(to: 100))
    workSize = "\(numbers.workWidth)x\(numbers.workHeight)"
    canvas = settings.canvas.map { "\($0.width)x\($0.height)" }
    strokeSize = settings.strokes
    workSizeChanges = numbers.workSizeChanges
    reconnects = numbers.reconnects
    peakMemoryMB = PeakMemory.megabytes.rounded(to: 10)
    width = result.width
    height = result.height
    style = models.map(\.style).joined(separator: ",")
    network = models.map(\.definition.title).joined(separator: ",")
    styles = Dictionary(settings.styles.map { ($0.name, $0.share.rounded(to: 1000)) }) { $0 + $1 }
  }
}

extension Double {
  /// Returns the nearest multiple of `1/fraction`.
  func rounded(to fraction: Double) -> Double { (self * fraction).rounded() / fraction }
}
