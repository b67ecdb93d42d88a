import CFFmpeg

/// Where media are to go, by the name that a person gives: a file, a URL, `-` or a pattern of image files.
public struct MediaTarget: Equatable, Sendable {
  /// The name as given.
  public let name: String
  /// The path or URL that is written, where it is not the name: that of a temporary file.
  public var path: String
  /// What the name stands for.
  public let kind: MediaKind
  /// libav's name of the container.
  public let format: String
  /// Options of the protocol, the container or the encoder, by libav's names.
  public let options: [String: String]

  /// What `name` stands for. Throws `MediaError` if no container is known for it, or the installed libav has none of the name
  /// given in `format`.
  public init(_ name: String, format: String? = nil, options: [String: String] = [:]) throws {
    self.name = name
    path = name
    self.options = options
    kind = MediaKind(name: name, isDevice: false) { _ in false }
    let displayName = name == "-" ? "standard output" : name
    let wanted = format ?? Self.usualFormat(for: name, kind: kind)
    if let wanted, av_guess_format(wanted, nil, nil) == nil {
      throw MediaError(
        operation: "write", file: displayName, message: "the installed libav has no output format '\(wanted)'")
    }
    // Some formats have several names.
    guard let found = wanted ?? Muxer.containerName(for: name), found != "null" || format != nil else {
      throw MediaError(
        operation: "write", file: displayName, message: "no container is known for the extension of this name")
    }
    self.format = found
  }

  /// The file `path`, which errors call `name`.
  init(file path: String, named name: String, format: String) {
    self.name = name
    self.path = path
    self.format = format
    kind = .file
    options = [:]
  }

  /// Whether it is one file on disk, which can appear when it is whole.
  public var isSingleFile: Bool {
    guard kind == .file, let found = av_guess_format(format, nil, nil) else { return false }
    return found.pointee.flags & AVFMT_NOFILE == 0
  }

  /// The name in errors.
  public var displayName: String { kind == .standardStream ? "standard output" : name }

  var url: String { kind == .file || kind == .imageSequence ? "file:" + path : path }

  /// What receivers at such an address expect; nil where the extension tells.
  private static func usualFormat(for name: String, kind: MediaKind) -> String? {
    // Nut takes every codec and needs no seeking.
    if kind == .standardStream { return "nut" }
    if kind == .imageSequence { return "image2" }
    switch MediaKind.scheme(of: name) {
    case "rtmp", "rtmps", "rtmpt", "rtmpts": return "flv"
    case "rtsp", "rtsps": return "rtsp"
    case "rtp": return "rtp_mpegts"
    case "udp", "srt", "rist", "tcp", "unix": return "mpegts"
    default: return nil
    }
  }
}
