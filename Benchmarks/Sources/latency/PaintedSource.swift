import Console
import FFmpeg
import Foundation
import Inference
import Streaming
import Threading

/// A live test pattern that is painted at full size with random weights.
struct PaintedSource: Sendable {
  /// The name of the network.
  let network: String
  let model: PreparedModel
  let size: FrameSize

  /// Returns a style for one run; `turn` is that of `StyleMixer`.
  func style(_ pool: ComputePool, turn: StyleMixer.Turn? = nil) -> StyleMixer {
    StyleMixer(NamedStyle("random", model: model), pool: pool, turn: turn)
  }

  /// Paints `rate` frames per second for `seconds`, or until `shouldStop`, into a file that is then deleted, and
  /// returns the final figures.
  func paint(
    rate: Double, seconds: Double, style: StyleMixer, encoderThreads: Int,
    shouldStop: @escaping @Sendable () -> Bool = { false },
    observe: @escaping @Sendable (StylizationStatistics) -> Void = { _ in }
  ) throws -> StylizationStatistics {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("impasto-latency-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = try MediaSource("testsrc2=size=\(size):rate=\(rate):duration=\(seconds),realtime", format: "lavfi")
    return try VideoStylization(FrameSources.open(source, live: LiveReading())).run(
      output: MediaTarget(folder.appendingPathComponent("out.mkv").path), style: style,
      options: Stylization.Options(frames: .newest, adaptsWorkSize: false),
      encoding: EncodingOptions(threads: encoderThreads), shouldStop: shouldStop, observe: observe
    ).statistics
  }
}
