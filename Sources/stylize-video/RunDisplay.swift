import Console
import Foundation
import Streaming
import Synchronization

/// The progress of a run on standard error: a progress bar with every frame painted, statistics with live sources.
enum RunDisplay {
  case every(ProgressReporter)
  case newest(LiveStatus)

  func show(_ numbers: StylizationStatistics) {
    if case .newest(let status) = self { status.show(numbers) }
  }

  func show(framesWritten: Int) {
    if case .every(let progress) = self { progress.update(completed: framesWritten) }
  }

  func finish(_ numbers: StylizationStatistics) {
    switch self {
    case .every(let progress): progress.finish()
    case .newest(let status): status.finish(numbers)
    }
  }
}

/// The status of a live run, in a form chosen with `ProgressMode`. The JSON lines are the same as those of `--stats`.
final class LiveStatus: Sendable {
  private let mode: ProgressMode
  private let output = ConsoleOutput.standardError
  /// When the latest line was printed, in seconds since the start of the run; nil before the first.
  private let lastLine = Mutex<Double?>(nil)

  init(mode: ProgressMode) { self.mode = mode == .bar && !output.isTerminal ? .plain : mode }

  func show(_ numbers: StylizationStatistics) {
    switch mode {
    case .none: return
    case .bar: output.showStatus(Self.line(numbers))
    case .plain: if isDue(numbers, first: 10, interval: 10) { output.printLine(Self.line(numbers)) }
    case .json: if isDue(numbers, first: 0, interval: 1) { printRecord(numbers) }
    }
  }

  private func isDue(_ numbers: StylizationStatistics, first: Double, interval: Double) -> Bool {
    lastLine.withLock { last in
      guard numbers.seconds >= (last.map { $0 + interval } ?? first) else { return false }
      last = numbers.seconds
      return true
    }
  }

  private func printRecord(_ numbers: StylizationStatistics) {
    if let line = try? JSONLine.text(of: numbers) { output.printLine(line) }
  }

  /// Prints a final summary.
  func finish(_ numbers: StylizationStatistics) {
    output.clearStatus()
    guard mode != .none else { return }
    if mode == .json { return printRecord(numbers) }
    output.printLine(
      String(
        format: "Live %d frames in %@  %.1f fps  %d dropped  latency p95 %.0f ms  %@", numbers.framesOut,
        Duration.seconds(numbers.seconds).clockText, numbers.meanFps, numbers.framesDropped,
        numbers.latencyP95MsOverall,
        Self.size(numbers)))
  }

  private static func line(_ numbers: StylizationStatistics) -> String {
    String(
      format: "Live %@  in %.1f fps  out %.1f fps  %d dropped  latency p50 %.0f p95 %.0f ms  %@",
      Duration.seconds(numbers.seconds).clockText, numbers.fpsIn, numbers.fpsOut, numbers.framesDropped,
      numbers.latencyP50Ms, numbers.latencyP95Ms, size(numbers))
  }

  private static func size(_ numbers: StylizationStatistics) -> String {
    let size = "\(numbers.workWidth)x\(numbers.workHeight)"
    guard let width = numbers.canvasWidth, let height = numbers.canvasHeight else { return size }
    return "\(size) on a canvas of \(width)x\(height)"
  }
}
