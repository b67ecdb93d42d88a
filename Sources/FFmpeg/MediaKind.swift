import Foundation

/// The kind of place that media are read from or written to.
public enum MediaKind: Sendable {
  /// A file.
  case file
  /// A named pipe, or a pipe under a name such as `/dev/stdin` or `/dev/fd/63`. It can be read only once.
  case pipe
  /// One image file per frame, named by a pattern such as `frames/%05d.png`.
  case imageSequence
  /// Standard input or standard output, written as `-`.
  case standardStream
  /// A URL: `udp://`, `rtmp://`, `https://` ...
  case network
  /// A camera, a screen or another device of libavdevice.
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

  /// Checks the numbers in a pattern such as `%05d`, which libav writes out, however long, to see whether it is one.
  ///
  /// - Throws: `MediaError` if a number has more digits than a file name can have.
  static func checkPatterns(in name: String, _ operation: String) throws {
    for match in name.matches(of: /%([0-9]+)d/) where (Int(match.output.1) ?? .max) > maximumDigits {
      throw MediaError(
        operation: operation, file: name,
        message: "a number of \(match.output.1) digits does not fit in a file name, expected at most \(maximumDigits)")
    }
  }

  /// The most characters that Linux allows in a file name.
  private static let maximumDigits = Int(NAME_MAX)

  /// Whether `name` is a pipe. Standard input from a terminal or a socket is none.
  static func isPipe(_ name: String) -> Bool {
    var status = stat()
    return stat(name, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
  }

  /// Returns the scheme of a URL, such as `rtmp` for `rtmp://host/app`; nil if `name` is not a URL. A colon alone does
  /// not make a URL, because file names may contain one.
  static func scheme(of name: String) -> String? {
    guard let end = name.range(of: "://") else { return nil }
    let scheme = name[..<end.lowerBound]
    let isScheme =
      scheme.first?.isLetter == true
      && scheme.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
    return isScheme ? scheme.lowercased() : nil
  }
}
