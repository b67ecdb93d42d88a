import Console
import Foundation
import Synchronization

/// A console whose text is kept and whose clock only moves when told to.
final class ScreenRecording: Sendable {
  private let text = Mutex("")
  private let elapsed = Mutex(Duration.zero)
  private let origin = ContinuousClock.now

  /// All that was written so far, control sequences included.
  var written: String { text.withLock { $0 } }

  /// The lines that were written, where no status line is used.
  var lines: [String] { written.split(separator: "\n").map(String.init) }

  /// What the lowest line of the screen shows: a carriage return with an erasure starts it anew.
  var statusLine: String {
    let last = written.components(separatedBy: "\n").last ?? ""
    return last.components(separatedBy: "\r\u{1B}[K").last ?? ""
  }

  /// The number of times a status line was drawn or erased.
  var drawings: Int { written.components(separatedBy: "\r\u{1B}[K").count }

  func output(isTerminal: Bool, width: Int = 80) -> ConsoleOutput {
    ConsoleOutput(isTerminal: isTerminal, width: { width }, write: { piece in self.text.withLock { $0 += piece } })
  }

  func advance(by step: Duration) { elapsed.withLock { $0 += step } }

  var clock: @Sendable () -> ContinuousClock.Instant {
    { self.origin.advanced(by: self.elapsed.withLock { $0 }) }
  }
}
