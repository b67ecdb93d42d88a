import Foundation
import Synchronization

/// A stream of text lines for users, with an optional status line at the bottom that is redrawn in place.
///
/// Any thread can print lines. They appear above the status line and never interrupt it.
public final class ConsoleOutput: Sendable {
  /// The standard error of this process. It counts as a terminal unless it is redirected or `TERM` is `dumb`.
  public static let standardError = ConsoleOutput(
    isTerminal: isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb",
    width: { terminalWidth(of: STDERR_FILENO) ?? 80 },
    // A failure to print an error message cannot be reported anywhere.
    write: { _ = writeAll($0, to: STDERR_FILENO) })

  /// Whether the output can show a status line.
  package let isTerminal: Bool

  private let columns: @Sendable () -> Int
  private let write: @Sendable (String) -> Void
  /// The visible status line; empty if there is none.
  private let status = Mutex("")

  /// Creates an output.
  ///
  /// - Parameters:
  ///   - width: Returns the number of columns; called before each status line.
  ///   - write: Writes the text.
  package init(
    isTerminal: Bool, width: @escaping @Sendable () -> Int, write: @escaping @Sendable (String) -> Void
  ) {
    self.isTerminal = isTerminal
    self.columns = width
    self.write = write
  }

  /// The number of columns for the status line. The last column stays free, because some terminals wrap there.
  package var statusWidth: Int { max(1, columns() - 1) }

  /// Prints `line` and a newline above the status line.
  package func printLine(_ line: String) {
    status.withLock { write(Self.eraser(for: $0) + line + "\n" + $0) }
  }

  /// Replaces the status line, truncated to the terminal's width. Does nothing if the output is not a terminal.
  package func showStatus(_ line: String) {
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

  /// Moves to the first column and erases the line.
  private static func eraser(for status: String) -> String { status.isEmpty ? "" : "\r\u{1B}[K" }
}

private func terminalWidth(of descriptor: Int32) -> Int? {
  var size = winsize()
  guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
  return Int(size.ws_col)
}
