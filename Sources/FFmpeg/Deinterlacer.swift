import CFFmpeg

/// Turns interlaced frames into progressive ones of the same number and times, with libavfilter's `bwdif`. Progressive
/// frames among them pass unchanged.
///
/// The filter looks at the neighbours of a frame, so each frame leaves when the next one has entered. Not thread-safe.
package final class Deinterlacer {
  /// Owned by this object.
  private var chain = cffmpeg_filter_chain()
  /// The format of the frames that can be sent.
  package let format: VideoFormat

  /// Opens the filter for frames like `frame`.
  ///
  /// - Parameter threads: The number of threads.
  /// - Throws: `MediaError` if libavfilter is not installed or cannot take the pixel format.
  package init(like frame: Frame, threads: Int) throws {
    format = frame.format
    guard cffmpeg_has_filters() != 0 else {
      throw MediaError(
        operation: "deinterlace", file: nil,
        message: "the film is interlaced, and the library libavfilter is not installed")
    }
    cffmpeg_clear_last_log_line()
    let status = cffmpeg_open_filter(
      &chain, frame.pointer, "bwdif", "mode=send_frame:parity=auto:deint=interlaced", Int32(clamping: max(1, threads)))
    guard status >= 0 else {
      cffmpeg_close_filter(&chain)
      throw MediaError(operation: "deinterlace", file: nil, code: status)
    }
  }

  deinit { cffmpeg_close_filter(&chain) }

  /// Sends a frame, or nil for the end of the stream. The frame is empty afterwards.
  ///
  /// - Throws: `MediaError` if memory is short.
  package func send(_ frame: Frame?) throws {
    // A frame that is shown for longer, as in telecined film, makes the filter leave its interlaced neighbours alone.
    frame?.pointer.pointee.repeat_pict = 0
    try MediaError.check(cffmpeg_filter_send(&chain, frame?.pointer), "deinterlace")
  }

  /// Receives the next frame, whose times are not those that it was sent with.
  ///
  /// - Throws: `MediaError` if memory is short.
  package func receive(into frame: Frame) throws -> CodecStatus {
    frame.unreference()
    return try CodecStatus.from(cffmpeg_filter_receive(&chain, frame.pointer), "deinterlace", file: nil)
  }
}
