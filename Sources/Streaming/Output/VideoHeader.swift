import FFmpeg

/// What the header of a container says about an encoded video.
struct VideoHeader {
  let encoder: Encoder
  /// The time base of the packets; nil for that of the encoder.
  let packetTimeBase: Rational?
  /// Whether the display matrix of the source is kept.
  let keepsOrientation: Bool
  let hdrMetadata: HDRMetadata?
}

extension Muxer {
  /// Adds the video and the streams of a source beside it, copied or converted, with its tags and chapters, and writes
  /// the container's header.
  ///
  /// - Parameters:
  ///   - demuxer: The source; nil for one of frames only.
  ///   - video: The stream of the source that is encoded again; nil for one of frames only.
  ///   - isLive: Whether the output has no end.
  /// - Returns: The index of the video, and the other streams.
  /// - Throws: `MediaError` if the container cannot do that.
  func open(
    _ header: VideoHeader, demuxer: Demuxer?, video: MediaStream?, tracks options: TrackOptions, isLive: Bool
  ) throws -> (videoIndex: Int, tracks: TrackWriter?) {
    var (index, tracks) = (0, TrackWriter?.none)
    if let demuxer, let video {
      let writer = try TrackWriter(
        Tracks(
          of: demuxer, video: video, encoder: header.encoder, keepsDisplayMatrix: header.keepsOrientation,
          packetTimeBase: header.packetTimeBase, to: self, options: options))
      (index, tracks) = (writer.videoIndex, writer)
    } else {
      index = try addStream(encoder: header.encoder, packetTimeBase: header.packetTimeBase)
    }
    // What the container says about an HDR source is not true for one that was converted.
    if header.hdrMetadata != nil || !header.encoder.settings.format.color.isHDR {
      try setHDRMetadata(header.hdrMetadata, ofStream: index)
    }
    if let demuxer { try copyMetadata(of: demuxer) }
    keepSegments(isLive: isLive)
    try writeHeader(options: demuxer.map { self.options(toKeep: $0) } ?? [:])
    return (index, tracks)
  }
}
