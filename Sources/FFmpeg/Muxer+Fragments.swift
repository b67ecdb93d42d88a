import CFFmpeg

/// Fragmented MP4, which can be played while it is written.
extension Muxer {
  /// The options of `writeHeader` for fragments that the caller ends, each playable without those before it but for their
  /// pictures.
  public static let fragmentOptions = ["movflags": "empty_moov+default_base_moof+frag_custom"]

  /// Ends the fragment: hands out all packets that were written. Throws `MediaError`.
  public func endFragment() throws {
    cffmpeg_clear_last_log_line()
    // Packets held back for the order of streams first, then the container's own.
    try MediaError.check(av_interleaved_write_frame(pointer, nil), "write", file: displayName)
    try MediaError.check(av_write_frame(pointer, nil), "write", file: displayName)
    if let bytes = pointer.pointee.pb { avio_flush(bytes) }
  }

  /// Hands out the bytes that were written. `writeHeader` leaves the container's head in the buffer.
  public func flushBytes() {
    if let bytes = pointer.pointee.pb { avio_flush(bytes) }
  }
}
