import Console
import Foundation

/// A run of `train-style` as a child process at the lowest priority and with limited memory. It ends with this process.
final class TrainingChild {
  /// The progress of the run.
  struct Progress {
    /// The latest progress record; nil before the first.
    var record: ProgressRecord?
    /// The last line of plain text, such as an error message.
    var sentence = ""
  }

  enum Outcome: Equatable {
    case finished, stopped
    case failed(String)
  }

  /// A child that does not exit within this time after an interrupt is killed.
  private static let grace = Duration.seconds(15)
  private static let interval: UInt32 = 200_000
  /// The number of bytes to read from the end of the output.
  private static let readBytes: UInt64 = 4096

  private let process = Process()
  private let folder: TrainingFolder
  /// The child's standard input. It ends when this process does, and then the child stops.
  private let input = Pipe()
  private let memoryLimit: Int
  private var log: String { folder.log }

  /// The shell limits its own memory and becomes the program, which keeps the limit. A lower limit of the system stays.
  private static let limited = #"ulimit -d "$0" 2>/dev/null; exec nice -n 19 "$@""#

  /// Creates a run. Appends `--until-input-ends --progress json` to the arguments and writes the output to the file of
  /// `folder`.
  ///
  /// - Parameter memoryLimit: The maximum size of the program's data in bytes.
  init(program: String, arguments: [String], memoryLimit: Int, folder: TrainingFolder) {
    self.memoryLimit = memoryLimit
    self.folder = folder
    // No other child may hold the end for writing.
    _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments =
      ["-c", Self.limited, "\(memoryLimit >> 10)", program] + arguments
      + ["--until-input-ends", "--progress", ProgressMode.json.rawValue]
    process.standardInput = input.fileHandleForReading
    let output = FileHandle(fileDescriptor: folder.output, closeOnDealloc: false)
    process.standardOutput = output
    process.standardError = output
  }

  /// Runs the child until it exits. Calls `observe` a few times a second.
  func run(shouldStop: () -> Bool, observe: (Progress) -> Void) -> Outcome {
    do { try startWithSignals() } catch { return .failed("training cannot be started: \(error.localizedDescription)") }
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
    if process.terminationReason == .uncaughtSignal {
      return .failed(
        "training was ended by signal \(process.terminationStatus); it may have needed more than its limit of "
          + "\(memoryLimit >> 20) MiB of memory")
    }
    let sentence = progress().sentence
    return .failed(sentence.isEmpty ? "training ended with status \(process.terminationStatus)" : sentence)
  }

  /// A child inherits blocked signals. Some server threads block all of them, so the child would never receive an
  /// interrupt.
  private func startWithSignals() throws {
    var none = sigset_t()
    var before = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try process.run()
  }

  /// Parses the last lines of the output.
  private func progress() -> Progress {
    guard let file = FileHandle(forReadingAtPath: log), let size = try? file.seekToEnd() else { return Progress() }
    let start = size > Self.readBytes ? size - Self.readBytes : 0
    try? file.seek(toOffset: start)
    let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
    var progress = Progress()
    // The first line may be incomplete.
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
