/// Playlists of HLS, whose segments are files of their own.
extension Muxer {
  private static let segmentOptions = ["hls_list_size", "hls_playlist_type", "hls_flags"]

  /// Chooses how many segments a playlist keeps: all those of a film, which can be played while they are written, or
  /// the newest ones of a live stream, whose older segments are deleted. Options of the destination take precedence.
  /// Call it before ``writeHeader(options:)``.
  package func keepSegments(isLive: Bool) {
    guard containerName == "hls", Self.segmentOptions.allSatisfy({ options[$0] == nil }) else { return }
    if isLive { options["hls_flags"] = "delete_segments" } else { options["hls_playlist_type"] = "event" }
  }
}
