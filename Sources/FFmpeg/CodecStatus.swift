import CFFmpeg

/// The result of asking a decoder or an encoder for output.
public enum CodecStatus: Sendable {
  /// The frame or packet has been filled.
  case output
  /// The codec needs more input first.
  case needsInput
  /// The stream has ended: all output has been received.
  case ended

  /// Converts libav's status code.
  ///
  /// - Throws: `MediaError` for a code that is an error.
  static func from(_ status: Int32, _ operation: String, file: String?) throws -> CodecStatus {
    if status == cffmpeg_error_again() { return .needsInput }
    if status == cffmpeg_error_eof() { return .ended }
    try MediaError.check(status, operation, file: file)
    return .output
  }
}

/// Owns an `AVCodecContext`.
final class CodecContext {
  let pointer: UnsafeMutablePointer<AVCodecContext>

  init(_ codec: UnsafePointer<AVCodec>, operation: String, file: String?) throws {
    pointer = try MediaError.allocated(avcodec_alloc_context3(codec), operation, file: file)
  }

  deinit {
    var context: UnsafeMutablePointer<AVCodecContext>? = pointer
    avcodec_free_context(&context)
  }
}
