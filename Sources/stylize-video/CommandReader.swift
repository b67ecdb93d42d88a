import Console
import Foundation
import Logging
import Streaming
import Synchronization

/// Reads commands from standard input and carries them out on a separate thread.
final class CommandReader: Sendable {
  /// The maximum line length in bytes. Longer lines are truncated.
  private static let maximumLineLength = 16_384

  private let style: StyleMixer
  private let fade: Mutex<Double>
  private let quit = Atomic<Bool>(false)

  init(style: StyleMixer, fade: Double) {
    self.style = style
    self.fade = Mutex(fade)
  }

  /// Whether `quit` has been received.
  var hasQuit: Bool { quit.load(ordering: .relaxed) }

  func start() { Thread.detachNewThread { [self] in readLines() } }

  private func readLines() {
    var bytes = [UInt8](repeating: 0, count: 4096)
    var line: [UInt8] = []
    while true {
      // Reading from the terminal would stop a background job.
      if isatty(STDIN_FILENO) == 1, tcgetpgrp(STDIN_FILENO) != getpgrp() {
        usleep(500_000)
        continue
      }
      let count = read(STDIN_FILENO, &bytes, bytes.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      for byte in bytes[..<count] {
        if byte != UInt8(ascii: "\n") {
          if line.count < Self.maximumLineLength { line.append(byte) }
        } else {
          perform(String(decoding: line, as: UTF8.self))
          line.removeAll()
        }
      }
    }
  }

  private func perform(_ line: String) {
    do {
      guard let command = try StyleCommand(line) else { return }
      switch command {
      case .quit: quit.store(true, ordering: .relaxed)
      case .fade(let seconds): fade.withLock { $0 = seconds }
      default:
        try style.perform(command, fade: .seconds(fade.withLock { $0 })) { name in
          try NamedStyle(name, path: Installation().styleFile(name))
        }
      }
    } catch {
      Logger(label: "stylize-video").warning("\(error)")
    }
  }
}
