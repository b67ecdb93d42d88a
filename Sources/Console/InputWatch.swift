import Files
import Foundation

/// Ends the process with the one that started it: asks it to stop when standard input ends.
///
/// A parent passes a pipe whose other end it alone has. The kernel closes that end when the parent ends, however it
/// ends.
package enum InputWatch {
  /// How long the process may take to stop.
  private static let grace: UInt32 = 15

  /// Watches standard input on a thread of its own. The end of the input acts like SIGTERM; a process that has not
  /// ended fifteen seconds later is ended.
  package static func start() {
    UnfinishedFiles.prepare()
    Thread.detachNewThread {
      var bytes = [UInt8](repeating: 0, count: 256)
      while true {
        let count = read(STDIN_FILENO, &bytes, bytes.count)
        if count > 0 || count < 0 && errno == EINTR { continue }
        break
      }
      kill(getpid(), SIGTERM)
      sleep(grace)
      UnfinishedFiles.remove()
      _exit(128 + SIGTERM)
    }
  }
}
