import Foundation

/// A run of `train-style` as another process, with the least claim to the processors.
final class TrainingChild {
  /// How far it is.
  struct Progress {
    var iteration: Int?
    var iterations: Int?
    /// The last line that it printed.
    var line = ""
  }

  enum Outcome: Equatable {
    case finished, stopped
    case failed(String)
  }

  /// A child that was asked to end and does not is ended.
  private static let grace = Duration.seconds(15)
  private static let interval: UInt32 = 200_000

  private let process = Process()
  private let log: String

  /// A child that is still to be run; its output goes to a file in `folder`.
  init(program: String, arguments: [String], folder: String) {
    log = folder + "/output.log"
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["nice", "-n", "19", program] + arguments
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
    let line = progress().line
    return .failed(line.isEmpty ? "it ended with status \(process.terminationStatus)" : line)
  }

  /// A child inherits the set of blocked signals, and some threads of a server block all: it would never see an interrupt.
  private func startWithSignals() throws {
    var none = sigset_t()
    var before = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try process.run()
  }

  /// From the last lines of what it has printed: `Training  12% [=>  ] 60/500 iterations …`.
  private func progress() -> Progress {
    guard let file = FileHandle(forReadingAtPath: log), let size = try? file.seekToEnd() else { return Progress() }
    try? file.seek(toOffset: size > 4096 ? size - 4096 : 0)
    let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
    let lines = text.split(whereSeparator: \.isNewline).map(String.init)
    var progress = Progress(line: String((lines.last ?? "").prefix(300)))
    if let match = lines.reversed().lazy.compactMap({ $0.firstMatch(of: #/(\d+)\/(\d+) iterations/#) }).first {
      progress.iteration = Int(match.1)
      progress.iterations = Int(match.2)
    }
    return progress
  }
}
