import CFFmpeg
import Foundation

/// A source of media by the name that a person gives it: a file, a URL, `-`, a pattern of image files or a device.
public struct MediaSource: Equatable, Sendable {
  /// The name as given.
  public let name: String
  /// What the name stands for.
  public let kind: MediaKind
  /// libav's name of the container or device; nil for what the content tells.
  public let format: String?
  /// Options of the protocol, the container or the device, by libav's names.
  public let options: [String: String]

  /// What `name` stands for. Throws `MediaError` if the installed libav has no format of the name given.
  public init(_ name: String, format: String? = nil, options: [String: String] = [:]) throws {
    self.name = name
    self.options = options
    let isCamera = format == nil && name.hasPrefix("/dev/video")
    self.format = isCamera ? "v4l2" : format
    let found = try self.format.map { try Self.inputFormat(named: $0, for: name) }
    kind = MediaKind(name: name, isDevice: found.map(Self.isDevice) ?? false) {
      FileManager.default.fileExists(atPath: $0)
    }
  }

  /// The file of that path, whatever characters are in it.
  public init(file path: String) {
    name = path
    kind = .file
    format = nil
    options = [:]
  }

  /// Whether it goes on by itself, whether someone reads it or not.
  public var isLive: Bool { kind == .network || kind == .device }

  /// Whether its frames lie ready and are read as fast as one can: to be shown, they must wait for their times.
  public var isReadAhead: Bool {
    switch kind {
    case .file, .imageSequence: true
    case .network: ["http", "https", "file", "ftp", "sftp"].contains(MediaKind.scheme(of: name))
    case .standardStream, .device: false
    }
  }

  /// The name in errors.
  public var displayName: String { kind == .standardStream ? "standard input" : name }

  var url: String {
    switch kind {
    // The protocol is named so that a name such as "concat:a" stays a file name.
    case .file, .imageSequence: "file:" + name
    case .standardStream: ""
    case .network, .device: name
    }
  }

  /// What is set unless the user says otherwise.
  var standardOptions: [String: String] {
    switch kind {
    // A per cent sign in the name of an image is a character, not a number's place; a playlist may not reach the network.
    case .file: ["pattern_type": "none", "protocol_whitelist": "file,crypto,data"]
    case .imageSequence: ["pattern_type": "sequence", "protocol_whitelist": "file,crypto,data"]
    case .standardStream: ["protocol_whitelist": "crypto,data"]
    case .network, .device: [:]
    }
  }

  static func inputFormat(named name: String, for source: String) throws -> UnsafePointer<AVInputFormat> {
    if let found = av_find_input_format(name) { return found }
    // Devices lie in a library of their own, which is loaded when one is asked for.
    if cffmpeg_register_devices() == 0, let found = av_find_input_format(name) { return found }
    throw MediaError(
      operation: "open", file: source == "-" ? "standard input" : source,
      message: "the installed libav has no input format '\(name)'")
  }

  private static func isDevice(_ format: UnsafePointer<AVInputFormat>) -> Bool {
    cffmpeg_is_input_device(format) != 0
  }
}
