import Foundation
import Synchronization

/// A stream of text lines for people, with at most one status line that is redrawn in place at the bottom.
///
/// Lines printed from any thread appear above the status line and never inside it.
public final class ConsoleOutput: Sendable {
  /// This process's standard error. It is a terminal unless it is redirected or `TERM` is `dumb`.
  public static let standardError = ConsoleOutput(
    isTerminal: isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb",
    width: { terminalWidth(of: STDERR_FILENO) ?? 80 },
    // An error about a failed error message would have nowhere to go.
    write: { _ = writeAll($0, to: STDERR_FILENO) })

  /// Whether a status line can be redrawn here.
  public let isTerminal: Bool

  private let columns: @Sendable () -> Int
  private let write: @Sendable (String) -> Void
  /// The status line on the screen, empty where there is none.
  private let status = Mutex("")

  /// A stream that hands its text to `write`; `width` is asked for the number of columns before each status line.
  public init(
    isTerminal: Bool, width: @escaping @Sendable () -> Int, write: @escaping @Sendable (String) -> Void
  ) {
    self.isTerminal = isTerminal
    self.columns = width
    self.write = write
  }

  /// The number of columns that a status line may fill; the last one stays free, where some terminals wrap.
  public var statusWidth: Int { max(1, columns() - 1) }

  /// Prints `line` and a newline, above the status line.
  public func printLine(_ line: String) {
    status.withLock { write(Self.eraser(for: $0) + line + "\n" + $0) }
  }

  /// Replaces the status line, cut to the terminal's width; does nothing where there is no terminal.
  public func showStatus(_ line: String) {
    guard isTerminal else { return }
    let line = String(line.prefix(statusWidth))
    status.withLock {
      write(Self.eraser(for: $0) + line)
      $0 = line
    }
  }

  /// Removes the status line.
  public func clearStatus() {
    status.withLock {
      guard !$0.isEmpty else { return }
      write(Self.eraser(for: $0))
      $0 = ""
    }
  }

  /// To the first column, and erase to the end of the line.
  private static func eraser(for status: String) -> String { status.isEmpty ? "" : "\r\u{1B}[K" }
}

private func terminalWidth(of descriptor: Int32) -> Int? {
  var size = winsize()
  guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
  return Int(size.ws_col)
}
