import CFFmpeg

/// Fragmented MP4, which can be played while it is being written.
extension Muxer {
  /// Options for ``writeHeader(options:)`` that let the caller end the fragments. Fragments have the times of their
  /// packets, so that they can follow those of another muxer.
  package static let fragmentOptions = [
    "movflags": "empty_moov+default_base_moof+frag_custom+frag_discont", "use_editlist": "0",
    "avoid_negative_ts": "make_non_negative",
  ]

  /// Returns `options`, extended by those with which a pipe or a connection can take MP4 and its relatives.
  func fragmentingPipes(_ options: [String: String]) -> [String: String] {
    let key = "movflags"
    guard let bytes = pointer.pointee.pb, bytes.pointee.seekable & AVIO_SEEKABLE_NORMAL == 0, hasOption(key),
      options[key]?.contains("frag") != true
    else { return options }
    let fragments = "frag_keyframe+empty_moov+default_base_moof"
    return options.merging([key: fragments]) { "\($0)+\($1)" }
  }

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
