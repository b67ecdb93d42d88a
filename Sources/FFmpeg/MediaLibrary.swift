import CFFmpeg

/// The libav that this process runs with.
package enum MediaLibrary {
  /// The version, as FFmpeg's programs print it.
  package static var version: String { String(cString: av_version_info()) }
}
