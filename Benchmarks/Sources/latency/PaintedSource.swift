import Console
import FFmpeg
import Foundation
import Inference
import Streaming
import Threading

/// A test pattern that comes in live and is painted at its full size with random weights.
struct PaintedSource: Sendable {
  /// The network's name.
  let network: String
  let model: PreparedModel
  let size: FrameSize

  /// A style of a run of its own; `turn` as for `LiveStyle`.
  func style(_ pool: ComputePool, turn: (@Sendable (_ paint: () throws -> Void) throws -> Void)? = nil) -> LiveStyle {
    LiveStyle(NamedStyle("random", model: model), pool: pool, turn: turn)
  }

  /// Paints `rate` frames a second for `seconds`, or until `shouldStop`, into a file that is removed; returns the numbers at the
  /// end.
  func paint(
    rate: Double, seconds: Double, style: LiveStyle, encoderThreads: Int,
    shouldStop: @escaping @Sendable () -> Bool = { false },
    observe: @escaping @Sendable (LiveStatistics) -> Void = { _ in }
  ) throws -> LiveStatistics {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("impasto-latency-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = try MediaSource("testsrc2=size=\(size):rate=\(rate):duration=\(seconds),realtime", format: "lavfi")
    return try LiveVideo(input: source).run(
      output: MediaTarget(folder.appendingPathComponent("out.mkv").path), style: style,
      encoding: EncodingOptions(threads: encoderThreads, isLowDelay: true),
      options: LiveStylization.Options(adaptsWorkSize: false), shouldStop: shouldStop, observe: observe
    ).statistics
  }
}
