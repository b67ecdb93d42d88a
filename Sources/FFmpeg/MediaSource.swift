import CFFmpeg
import Foundation

/// A source of media: a file, a URL, `-`, a pattern of image files or a device.
public struct MediaSource: Equatable, Sendable {
  /// The name as given.
  public let name: String
  /// The kind of source.
  public let kind: MediaKind
  /// libav's name for the container or device; nil to detect it from the content.
  public let format: String?
  /// Options of the protocol, the container or the device, by libav's names.
  public let options: [String: String]
  /// In seconds. A longer step of the clock, as where recordings were joined, is closed in formats whose clock may
  /// start at any time, such as MPEG-TS, and in live sources. The name and the default are those of ffmpeg's option.
  public var dtsDeltaThreshold = 10.0

  /// Creates a source from a name.
  ///
  /// - Throws: `MediaError` if the installed libav has no input format with the name `format`, or if the name is a
  ///   pattern whose numbers fit in no file name.
  public init(_ name: String, format: String? = nil, options: [String: String] = [:]) throws {
    try MediaKind.checkPatterns(in: name, "read")
    self.name = name
    self.options = options
    let isCamera = format == nil && name.hasPrefix("/dev/video")
    self.format = isCamera ? "v4l2" : format
    let found = try self.format.map { try Self.inputFormat(named: $0, for: name) }
    let kind = MediaKind(name: name, isDevice: found.map(Self.isDevice) ?? false) {
      FileManager.default.fileExists(atPath: $0)
    }
    self.kind = kind == .file && MediaKind.isPipe(name) ? .pipe : kind
  }

  /// Creates a source for the file at `path`, whatever characters the path contains.
  public init(file path: String) {
    name = path
    kind = MediaKind.isPipe(path) ? .pipe : .file
    format = nil
    options = [:]
  }

  /// The scheme of a URL, such as `rtmp` for `rtmp://host/app`, in lower case; nil for every other kind of source.
  public var scheme: String? { kind == .network ? MediaKind.scheme(of: name) : nil }

  /// Whether the source produces data at its own pace, even when nobody reads it.
  public var isLive: Bool { kind == .network || kind == .device }

  /// Whether opening the source waits for a sender, which may come at any time, instead of connecting to a server.
  package var waitsForSender: Bool {
    guard kind == .network else { return false }
    if ["udp", "udplite", "rtp"].contains(scheme) { return true }
    let query = name.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
    let values = query.split(separator: "&").map(String.init) + options.map { "\($0)=\($1)" }
    return values.contains { ["listen=1", "listen=2", "mode=listener", "rtsp_flags=listen"].contains($0) }
  }

  /// Whether the frames can be read faster than real time, so that a player has to wait for their presentation times.
  public var isReadAhead: Bool {
    switch kind {
    case .file, .imageSequence: true
    case .network: ["http", "https", "file", "ftp", "sftp"].contains(scheme)
    case .standardStream, .pipe, .device: false
    }
  }

  /// The name in error messages.
  public var displayName: String { kind == .standardStream ? "standard input" : name }

  var url: String {
    switch kind {
    // The explicit protocol keeps names such as "concat:a" file names.
    case .file, .imageSequence: "file:" + name
    case .standardStream, .pipe: ""
    case .network, .device: name
    }
  }

  /// The default options, which the user's options override.
  var standardOptions: [String: String] {
    switch kind {
    // A per cent sign in an image's file name is not a placeholder. Playlists must not access the network.
    case .file: ["pattern_type": "none", "protocol_whitelist": "file,crypto,data"]
    case .imageSequence: ["pattern_type": "sequence", "protocol_whitelist": "file,crypto,data"]
    case .standardStream, .pipe: ["protocol_whitelist": "crypto,data"]
    case .network, .device: [:]
    }
  }

  static func inputFormat(named name: String, for source: String) throws -> UnsafePointer<AVInputFormat> {
    if let found = av_find_input_format(name) { return found }
    // Devices are in a separate library, which is loaded on demand.
    if cffmpeg_register_devices() == 0, let found = av_find_input_format(name) { return found }
    throw MediaError(
      operation: "open", file: source == "-" ? "standard input" : source,
      message: "the installed libav has no input format '\(name)'")
  }

  private static func isDevice(_ format: UnsafePointer<AVInputFormat>) -> Bool {
    cffmpeg_is_input_device(format) != 0
  }
}
