import Console
import Foundation
import Streaming
import Synchronization

/// A file of JSON lines: one for each second of a run and one for its end.
final class StatisticsFile: Sendable {
  private let path: String
  private let file: FileHandle
  private let state = Mutex<(second: Int, failed: Bool)>((-1, false))

  /// Creates the file.
  ///
  /// - Throws: `PathError` if the file cannot be created.
  init(_ path: String) throws {
    self.path = path
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let file = FileHandle(forWritingAtPath: path)
    else { throw PathError.unwritable(path: path, reason: "the file could not be created") }
    self.file = file
  }

  /// Writes the first statistics of each second. A full disk does not stop painting; ``finish(_:)`` reports the error.
  func write(_ numbers: StylizationStatistics) {
    state.withLock { state in
      guard Int(numbers.seconds) > state.second else { return }
      state.second = Int(numbers.seconds)
      if !append(numbers) { state.failed = true }
    }
  }

  func finish(_ numbers: StylizationStatistics) throws {
    let failed = state.withLock { $0.failed }
    if !append(numbers) || failed { throw PathError.unwritable(path: path, reason: "the disk may be full") }
    try file.close()
  }

  private func append(_ numbers: StylizationStatistics) -> Bool {
    guard let line = try? JSONLine.text(of: numbers) else { return false }
    return (try? file.write(contentsOf: Data((line + "\n").utf8))) != nil
  }
}
