import CFFmpeg

/// The libav that this process runs with.
package enum MediaLibrary {
  /// The version, as FFmpeg's programs print it.
  package static var version: String { String(cString: av_version_info()) }

  /// Limits each allocation of libav in this process to `bytes`, such as a plane of a frame. Larger ones fail.
  package static func limitAllocations(to bytes: Int) { av_max_alloc(bytes) }
}
