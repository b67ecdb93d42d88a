import Files
import Foundation
import Synchronization

/// The signal that asked the process to stop; 0 if there was none.
private let raisedSignal = Atomic<Int32>(0)

/// A flag that SIGINT (Ctrl-C), SIGTERM and SIGHUP (a closed terminal) raise to ask the process to stop.
///
/// The first signal only raises the flag, which long-running code checks regularly. A second signal removes unfinished
/// files and ends the process at once with status 128 + its number (130 for SIGINT).
public struct InterruptFlag: Sendable {
  private init() {}

  /// Installs the signal handlers for the whole process. All flags share the same state.
  public static func install() -> InterruptFlag {
    // Global variables are initialised on first use, which must not happen inside the signal handler.
    _ = raisedSignal.load(ordering: .relaxed)
    UnfinishedFiles.prepare()
    for number in [SIGINT, SIGTERM, SIGHUP] {
      if number == SIGHUP, isIgnored(number) { continue }
      var action = sigaction()
      action.__sigaction_handler.sa_handler = handleInterrupt
      // Reads and writes in progress continue: the code that works checks the flag.
      action.sa_flags = SA_RESTART
      sigaction(number, &action, nil)
    }
    return InterruptFlag()
  }

  /// Whether the process was started with the signal ignored, as `nohup` does with SIGHUP.
  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(number, nil, &action) == 0 else { return false }
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// Whether a signal has arrived.
  public var isRaised: Bool { raisedSignal.load(ordering: .relaxed) != 0 }

  /// `SIGINT`, `SIGTERM` or `SIGHUP` if a signal has arrived, otherwise nil.
  package var signalName: String? {
    switch raisedSignal.load(ordering: .relaxed) {
    case 0: nil
    case SIGINT: "SIGINT"
    case SIGTERM: "SIGTERM"
    case SIGHUP: "SIGHUP"
    case let number: "signal \(number)"
    }
  }

  /// The exit status of a process ended by the signal, 128 + its number; nil if none has arrived.
  public var exitCode: Int32? {
    let number = raisedSignal.load(ordering: .relaxed)
    return number == 0 ? nil : 128 + number
  }

  /// Ignores SIGPIPE and SIGXFSZ, so that writing to a pipe without a reader, or beyond the largest permitted file
  /// size, fails with an error instead of ending the process.
  static func ignoreFailedWrites() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
  }
}

/// Uses only atomic exchanges, `unlink` and `_exit`, which are safe in a signal handler.
private func handleInterrupt(_ number: Int32) {
  guard raisedSignal.exchange(number, ordering: .relaxed) != 0 else { return }
  UnfinishedFiles.remove()
  _exit(128 + number)
}
