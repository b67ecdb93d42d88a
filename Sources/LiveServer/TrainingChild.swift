import Console
import Foundation

/// A run of `train-style` as another process, with the least claim to the processors.
final class TrainingChild {
  /// How far it is.
  struct Progress {
    /// The latest that it told; nil before the first.
    var record: ProgressRecord?
    /// The last line that it printed for people, such as why it failed.
    var sentence = ""
  }

  enum Outcome: Equatable {
    case finished, stopped
    case failed(String)
  }

  /// A child that was asked to end and does not is ended.
  private static let grace = Duration.seconds(15)
  private static let interval: UInt32 = 200_000
  /// As much of the end of its output as is looked at.
  private static let readBytes: UInt64 = 4096

  private let process = Process()
  private let log: String

  /// A child that is still to be run, with `--progress json` behind its arguments; its output goes to a file in
  /// `folder`.
  init(program: String, arguments: [String], folder: String) {
    log = folder + "/output.log"
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["nice", "-n", "19", program] + arguments + ["--progress", ProgressMode.json.rawValue]
    process.standardInput = FileHandle.nullDevice
  }

  /// Runs it to its end; `observe` hears of it a few times a second.
  func run(shouldStop: () -> Bool, observe: (Progress) -> Void) -> Outcome {
    _ = FileManager.default.createFile(atPath: log, contents: nil)
    guard let file = FileHandle(forWritingAtPath: log) else { return .failed("its log cannot be written") }
    process.standardOutput = file
    process.standardError = file
    do { try startWithSignals() } catch { return .failed("it cannot be started: \(error.localizedDescription)") }
    var stopTime: ContinuousClock.Instant?
    while process.isRunning {
      usleep(Self.interval)
      observe(progress())
      if stopTime == nil, shouldStop() {
        stopTime = .now
        process.interrupt()
      }
      if let stopTime, stopTime.duration(to: .now) > Self.grace { kill(process.processIdentifier, SIGKILL) }
    }
    process.waitUntilExit()
    observe(progress())
    if stopTime != nil { return .stopped }
    if process.terminationStatus == 0, process.terminationReason == .exit { return .finished }
    let sentence = progress().sentence
    return .failed(sentence.isEmpty ? "it ended with status \(process.terminationStatus)" : sentence)
  }

  /// A child inherits the set of blocked signals, and some threads of a server block all: it would never see an
  /// interrupt.
  private func startWithSignals() throws {
    var none = sigset_t()
    var before = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try process.run()
  }

  /// From the last lines of what it has printed.
  private func progress() -> Progress {
    guard let file = FileHandle(forReadingAtPath: log), let size = try? file.seekToEnd() else { return Progress() }
    let start = size > Self.readBytes ? size - Self.readBytes : 0
    try? file.seek(toOffset: start)
    let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
    var progress = Progress()
    // The first line may lack its beginning.
    for line in text.split(whereSeparator: \.isNewline).dropFirst(start > 0 ? 1 : 0) {
      if let record = ProgressRecord(line: line) {
        progress.record = record
      } else {
        progress.sentence = String(line.prefix(300))
      }
    }
    return progress
  }
}
