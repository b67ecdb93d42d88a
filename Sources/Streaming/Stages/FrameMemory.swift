import FFmpeg
import Inference

/// The memory of the frames in a pipeline, besides that of the stylizers.
struct FrameMemory {
  /// The bytes of one slot: the source's frame, the stylizer's input and output, and the sink's frame.
  let slot: Int
  private let width: Int
  private let height: Int

  /// - Parameter hasMask: Whether each frame has a mask, at the sink's size or the work size.
  init(source: VideoFormat, workWidth: Int, workHeight: Int, sink: VideoFormat, hasMask: Bool = false) {
    let work = VideoFormat(width: workWidth, height: workHeight, pixelFormat: .rgb24)
    let samples = source.needsFloats(for: sink) ? MemoryLayout<Float>.stride : 1
    let mask = hasMask ? MemoryLayout<Float>.stride * max(sink.width * sink.height, workWidth * workHeight) : 0
    slot = source.byteCount + 2 * samples * work.byteCount + sink.byteCount + mask
    (width, height) = (workWidth, workHeight)
  }

  /// The bytes that an encoder needs for each pixel, at least. x264 needs this much for three frames with the planes of
  /// its motion search.
  private static let encoderBytes = 16

  /// Checks that an encoder for frames of `format` has memory. Encoders print messages of their own when they have
  /// none.
  ///
  /// - Throws: `InferenceError.insufficientMemory`.
  static func checkEncoder(of format: VideoFormat) throws {
    let needed = encoderBytes * format.width * format.height
    guard let available = AvailableMemory.forPlan(), needed > available else { return }
    throw InferenceError.insufficientMemory(
      width: format.width, height: format.height, needed: needed, available: available)
  }

  /// Returns how many of `wanted` slots fit into `available` bytes, at least one.
  ///
  /// - Throws: `InferenceError.insufficientMemory` if none fits.
  func slots(_ wanted: Int, available: Int?) throws -> Int {
    guard let available, slot > 0 else { return wanted }
    guard slot <= available else {
      throw InferenceError.insufficientMemory(width: width, height: height, needed: slot, available: available)
    }
    return min(wanted, available / slot)
  }
}
