import CFFmpeg

/// What a decoder or an encoder answers when asked for output.
public enum CodecStatus: Sendable {
  /// There was some: the frame or packet is filled.
  case output
  /// Not before more input has been sent.
  case needsInput
  /// Never again: all input has come out.
  case ended

  /// Sorts libav's answer; an error is thrown.
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
