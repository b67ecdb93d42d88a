import Foundation
import Synchronization

/// Number of the signal that asked the process to stop; 0 while none did.
private let raisedSignal = Atomic<Int32>(0)

/// Whether someone asked the process to stop, by SIGINT (Ctrl-C) or SIGTERM.
///
/// The first signal only sets a flag, which the work is expected to look at often; a second one ends the process at once
/// with 128 + its number (130 for SIGINT).
public struct InterruptFlag: Sendable {
  private init() {}

  /// Takes over SIGINT and SIGTERM for the whole process. Flags of several calls are one and the same.
  public static func install() -> InterruptFlag {
    // Global values are made at their first use, which must not be inside the handler.
    _ = raisedSignal.load(ordering: .relaxed)
    for number in [SIGINT, SIGTERM] {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = handleInterrupt
      // Reads and writes in progress continue: whoever works looks at the flag.
      action.sa_flags = SA_RESTART
      sigaction(number, &action, nil)
    }
    return InterruptFlag()
  }

  /// Whether a signal has arrived.
  public var isRaised: Bool { raisedSignal.load(ordering: .relaxed) != 0 }

  /// `SIGINT` or `SIGTERM` once it has arrived, else nil.
  public var signalName: String? {
    switch raisedSignal.load(ordering: .relaxed) {
    case 0: nil
    case SIGINT: "SIGINT"
    case SIGTERM: "SIGTERM"
    case let number: "signal \(number)"
    }
  }

  /// The exit status of a process that a signal ended, 128 + its number; nil while none arrived.
  public var exitCode: Int32? {
    let number = raisedSignal.load(ordering: .relaxed)
    return number == 0 ? nil : 128 + number
  }

  /// Turns a write to a pipe without a reader from the end of the process into an error of that write.
  static func ignoreBrokenPipes() {
    signal(SIGPIPE, SIG_IGN)
  }
}

/// Only an atomic exchange and `_exit`: both may be used inside a signal handler.
private func handleInterrupt(_ number: Int32) {
  if raisedSignal.exchange(number, ordering: .relaxed) != 0 { _exit(128 + number) }
}
