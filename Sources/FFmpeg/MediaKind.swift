import Foundation

/// Where media come from or go to, by the kind of name.
public enum MediaKind: Sendable {
  /// A file on disk.
  case file
  /// One image file for each frame, by a pattern such as `frames/%05d.png`.
  case imageSequence
  /// Standard input or standard output: `-`.
  case standardStream
  /// A URL: `udp://`, `rtmp://`, `https://` ...
  case network
  /// A camera, a screen or another device of libavdevice, by its format.
  case device

  init(name: String, isDevice: Bool, exists: (String) -> Bool) {
    if isDevice {
      self = .device
    } else if name == "-" {
      self = .standardStream
    } else if MediaKind.scheme(of: name) != nil {
      self = .network
    } else if !exists(name), name.range(of: "%[0-9]*d", options: .regularExpression) != nil {
      self = .imageSequence
    } else {
      self = .file
    }
  }

  /// `rtmp` of `rtmp://host/app`; nil for what is no URL. A colon alone does not make one: it may stand in a file's name.
  static func scheme(of name: String) -> String? {
    guard let end = name.range(of: "://") else { return nil }
    let scheme = name[..<end.lowerBound]
    let isScheme =
      scheme.first?.isLetter == true
      && scheme.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
    return isScheme ? scheme.lowercased() : nil
  }
}
