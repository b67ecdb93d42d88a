import CFFmpeg

/// An error of a libav call.
///
/// The description is one sentence: the operation, the file, libav's reason, and the last line that libav logged on the
/// failing thread, which often says more than the error code.
public struct MediaError: Error, CustomStringConvertible, Sendable {
  /// The operation as a verb: `open`, `decode`, `write` ...
  public let operation: String
  /// The file; nil if there is none.
  public let file: String?
  /// The AVERROR code; 0 for an error that was detected without libav.
  public let code: Int32
  /// The reason.
  public let message: String
  /// The last error line that libav logged during the call; nil if there was none.
  public let logLine: String?

  /// Creates an error without a libav code.
  public init(operation: String, file: String?, message: String) {
    self.operation = operation
    self.file = file
    self.code = 0
    self.message = message
    self.logLine = nil
  }

  /// Creates an error from a negative libav `code` and the last log line of this thread.
  init(operation: String, file: String?, code: Int32) {
    self.operation = operation
    self.file = file
    self.code = code
    self.message = Self.text(of: code)
    let line = String(cString: cffmpeg_last_log_line())
    self.logLine = line.isEmpty ? nil : line
    cffmpeg_clear_last_log_line()
  }

  /// One sentence, such as `cannot open a.mp4: Invalid data found when processing input (moov atom not found)`.
  public var description: String {
    let subject = file.map { " \($0)" } ?? ""
    let detail = logLine.map { " (\($0))" } ?? ""
    return "cannot \(operation)\(subject): \(message)\(detail)"
  }

  /// Whether the interrupt callback of a ``Demuxer`` or ``Muxer`` ended the call.
  public var isInterruption: Bool { code == cffmpeg_error_exit() }

  /// Whether the data is damaged. The data after it may still be intact.
  public var isInvalidData: Bool { code == cffmpeg_error_invalid_data() }

  /// Returns a non-negative `status`.
  ///
  /// - Throws: `MediaError` if `status` is negative.
  @discardableResult
  static func check(_ status: Int32, _ operation: String, file: String? = nil) throws -> Int32 {
    guard status < 0 else { return status }
    throw MediaError(operation: operation, file: file, code: status)
  }

  /// Returns the object that libav allocated.
  ///
  /// - Throws: `MediaError` if it is nil because memory is short.
  static func allocated<T>(_ object: T?, _ operation: String, file: String? = nil) throws -> T {
    guard let object else { throw MediaError(operation: operation, file: file, message: "out of memory") }
    return object
  }

  private static func text(of code: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
      guard let base = buffer.baseAddress, av_strerror(code, base, buffer.count) == 0 else {
        return "libav error \(code)"
      }
      return String(cString: base)
    }
  }
}
