import Foundation

/// Standard output. It carries only results, so that other programs can read it.
public enum StandardOutput {
  /// Writes `text` unchanged and without buffering.
  ///
  /// - Throws: ``PathError/unwritable(path:reason:)`` if the system refuses, for example for a full disk or a closed
  ///   pipe.
  public static func write(_ text: String) throws(PathError) {
    if let code = writeAll(text, to: STDOUT_FILENO) {
      throw .unwritable(path: "standard output", reason: systemError(code))
    }
  }
}

/// One JSON object on one line, for `--json`.
public enum JSONLine {
  /// Returns `value` as JSON without line breaks and with sorted keys.
  ///
  /// - Throws: `EncodingError` if the value contains a number that is not finite, which JSON cannot represent.
  package static func text(of value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  /// Writes `value` and a newline to standard output.
  ///
  /// - Throws: The errors of ``text(of:)`` and ``StandardOutput/write(_:)``.
  public static func print(_ value: some Encodable) throws {
    try StandardOutput.write(try text(of: value) + "\n")
  }
}

/// Writes in as few system calls as possible, so that lines of several processes do not mix. Returns `errno` if a call
/// fails, otherwise nil.
func writeAll(_ text: String, to descriptor: Int32) -> Int32? {
  var text = text
  return text.withUTF8 { bytes in
    var rest = UnsafeRawBufferPointer(bytes)[...]
    while !rest.isEmpty {
      let written = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { return errno }
      rest = rest.dropFirst(written)
    }
    return nil
  }
}

/// Returns the system's description of an error number, in lower case for use inside a sentence.
func systemError(_ code: Int32 = errno) -> String { String(cString: strerror(code)).lowercased() }
