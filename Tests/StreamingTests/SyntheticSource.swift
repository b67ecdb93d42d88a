import FFmpeg
import Streaming
import Synchronization

/// A moving gradient in RGB24 at 25 frames per second.
final class SyntheticSource: FrameSource {
  /// The properties of the video.
  let description: VideoDescription
  private let count: Int
  private let position = Atomic<Int>(0)
  private let frame: Frame

  /// Creates a source of `count` frames.
  ///
  /// - Throws: `MediaError` if the size is out of range.
  init(width: Int, height: Int, count: Int) throws {
    let format = VideoFormat(width: width, height: height, pixelFormat: .rgb24)
    description = VideoDescription(
      format: format, timeBase: Rational(1, 25), frameRate: Rational(25, 1), expectedFrameCount: count)
    self.count = count
    frame = try Frame(format)
  }

  /// Writes frame `n` with the timestamp `n`. Its pixel `(x, y)` is `(x + n, y + n, n)` modulo 256.
  func read(into target: Frame) throws -> Bool {
    let number = position.wrappingAdd(1, ordering: .relaxed).oldValue
    guard number < count else { return false }
    try frame.makeWritable()
    if let plane = frame.plane(0) {
      for y in 0..<frame.height {
        let row = plane + y * frame.stride(0)
        for x in 0..<frame.width {
          row[3 * x] = UInt8(truncatingIfNeeded: x + number)
          row[3 * x + 1] = UInt8(truncatingIfNeeded: y + number)
          row[3 * x + 2] = UInt8(truncatingIfNeeded: number)
        }
      }
    }
    try target.reference(frame)
    target.pts = Int64(number)
    target.duration = 1
    return true
  }
}
