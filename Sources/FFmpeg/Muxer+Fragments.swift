import CFFmpeg

/// Fragmented MP4, which can be played while it is being written.
extension Muxer {
  /// Options for ``writeHeader(options:)`` that let the caller end the fragments.
  package static let fragmentOptions = ["movflags": "empty_moov+default_base_moof+frag_custom"]

  /// Ends the fragment and writes all pending packets.
  ///
  /// - Throws: `MediaError` if writing fails.
  package func endFragment() throws {
    cffmpeg_clear_last_log_line()
    // First the packets that libav holds back for interleaving, then those of the container.
    try MediaError.check(av_interleaved_write_frame(pointer, nil), "write", file: displayName)
    try MediaError.check(av_write_frame(pointer, nil), "write", file: displayName)
    if let bytes = pointer.pointee.pb { avio_flush(bytes) }
  }

  /// Writes the buffered bytes. ``writeHeader(options:)`` leaves the header in the buffer.
  package func flushBytes() {
    if let bytes = pointer.pointee.pb { avio_flush(bytes) }
  }
}
