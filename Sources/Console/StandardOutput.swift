import Foundation

/// Standard output: results only, so that it can be read by another program.
public enum StandardOutput {
  /// Writes `text` at once and as it is.
  ///
  /// Throws `PathError.unwritable` where the system refuses: a full disk, or a reader that went away.
  public static func write(_ text: String) throws(PathError) {
    if let code = writeAll(text, to: STDOUT_FILENO) {
      throw .unwritable(path: "standard output", reason: systemError(code))
    }
  }
}

/// One JSON object on one line, for `--json`.
public enum JSONLine {
  /// `value` as JSON without line breaks, its keys sorted.
  ///
  /// Throws `EncodingError` where the value holds a number that is not finite: JSON has none.
  public static func text(of value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  /// Writes `value` and a newline to standard output.
  public static func print(_ value: some Encodable) throws {
    try StandardOutput.write(try text(of: value) + "\n")
  }
}

/// Writes in as few system calls as possible, so that lines of several processes do not mix; the value of `errno` where
/// one failed, else nil.
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

/// The system's words for an error number, in lower case as they stand inside a sentence.
func systemError(_ code: Int32 = errno) -> String { String(cString: strerror(code)).lowercased() }
