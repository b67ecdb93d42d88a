import Console
import Foundation
import Synchronization

/// A console that records its text, with a clock that the test advances.
final class ScreenRecording: Sendable {
  private let text = Mutex("")
  private let elapsed = Mutex(Duration.zero)
  private let origin = ContinuousClock.now

  /// All text written so far, including control sequences.
  var written: String { text.withLock { $0 } }

  /// The lines written to an output without a status line.
  var lines: [String] { written.split(separator: "\n").map(String.init) }

  /// The content of the last line of the screen. A carriage return with an erasure starts the line again.
  var statusLine: String {
    let last = written.components(separatedBy: "\n").last ?? ""
    return last.components(separatedBy: "\r\u{1B}[K").last ?? ""
  }

  /// The number of times that a status line was drawn or erased.
  var drawings: Int { written.components(separatedBy: "\r\u{1B}[K").count }

  func output(isTerminal: Bool, width: Int = 80) -> ConsoleOutput {
    ConsoleOutput(isTerminal: isTerminal, width: { width }, write: { piece in self.text.withLock { $0 += piece } })
  }

  func advance(by step: Duration) { elapsed.withLock { $0 += step } }

  var clock: @Sendable () -> ContinuousClock.Instant {
    { self.origin.advanced(by: self.elapsed.withLock { $0 }) }
  }
}
