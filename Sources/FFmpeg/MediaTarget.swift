import CFFmpeg

/// A destination for media: a file, a URL, `-`, a pattern of image files or a device.
public struct MediaTarget: Equatable, Sendable {
  /// The name as given.
  public let name: String
  /// The path or URL to write to. It differs from ``name`` if a temporary file is written.
  public var path: String
  /// The kind of destination.
  public let kind: MediaKind
  /// libav's name for the container.
  public let format: String
  /// Options of the protocol, the container or the encoder, by libav's names.
  public let options: [String: String]

  /// Creates a destination from a name.
  ///
  /// - Throws: `MediaError` if no container is known for the name, if the installed libav has no output format with the
  ///   name `format`, or if the name is a pattern whose numbers fit in no file name.
  public init(_ name: String, format: String? = nil, options: [String: String] = [:]) throws {
    try MediaKind.checkPatterns(in: name, "write")
    self.name = name
    path = name
    self.options = options
    var kind = MediaKind(name: name, isDevice: false) { _ in false }
    let displayName = name == "-" ? "standard output" : name
    let isCamera = format == nil && name.hasPrefix("/dev/video")
    if let wanted = isCamera ? "v4l2" : format, Self.isDevice(wanted) { kind = .device }
    if kind == .imageSequence {
      if let format {
        // Other formats write one file, whose name may contain anything.
        if !Muxer.writesManyFiles(format) { kind = .file }
      } else if !Muxer.isPictureName(name) {
        let film = Muxer.containerName(for: name).map { "; --output-format \($0) writes one film with this name" } ?? ""
        throw MediaError(
          operation: "write", file: name,
          message: "a name with a number in it is a pattern for pictures, such as frame%05d.png\(film)")
      }
    }
    self.kind = kind
    let wanted = isCamera ? "v4l2" : format ?? Self.usualFormat(for: name, kind: kind)
    if let wanted, av_guess_format(wanted, nil, nil) == nil {
      throw MediaError(
        operation: "write", file: displayName, message: "the installed libav has no output format '\(wanted)'")
    }
    // Some formats have several names.
    guard let found = wanted ?? Muxer.containerName(for: name), found != "null" || format != nil else {
      throw MediaError(
        operation: "write", file: displayName, message: "no container is known for this file extension")
    }
    self.format = found
  }

  /// Creates a destination for the file at `path`, which error messages call `name`.
  init(file path: String, named name: String, format: String) {
    self.name = name
    self.path = path
    self.format = format
    kind = .file
    options = [:]
  }

  /// Creates a destination without a file, for the properties of its container: what is written is lost.
  ///
  /// - Throws: `MediaError` if the installed libav has no output format with this name.
  package init(nowhereIn format: String, named name: String, options: [String: String]) throws {
    guard av_guess_format(format, nil, nil) != nil else {
      throw MediaError(
        operation: "write", file: name, message: "the installed libav has no output format '\(format)'")
    }
    self.name = name
    path = "/dev/null"
    kind = .file
    self.format = format
    self.options = options
  }

  /// Whether the destination is a single file, which can be written under a temporary name and renamed when it is
  /// complete.
  public var isSingleFile: Bool {
    guard kind == .file, let found = av_guess_format(format, nil, nil) else { return false }
    return found.pointee.flags & AVFMT_NOFILE == 0
  }

  /// The name in error messages.
  public var displayName: String { kind == .standardStream ? "standard output" : name }

  var url: String {
    guard kind == .file || kind == .imageSequence else { return path }
    // libav removes old segments by this name, without its protocol. A path cannot be taken for one with a protocol.
    if format == "hls" { return path.hasPrefix("/") ? path : "./" + path }
    return "file:" + path
  }

  /// Whether the output format is a device. Devices are in a separate library, which is loaded on demand.
  private static func isDevice(_ format: String) -> Bool {
    var found = av_guess_format(format, nil, nil)
    if found == nil, cffmpeg_register_devices() == 0 { found = av_guess_format(format, nil, nil) }
    return found.map { cffmpeg_is_output_device($0) != 0 } ?? false
  }

  /// The format that receivers at such an address expect; nil to use the file extension.
  private static func usualFormat(for name: String, kind: MediaKind) -> String? {
    // NUT supports every codec and needs no seeking.
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
