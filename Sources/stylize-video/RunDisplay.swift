import Console
import Foundation
import Streaming
import Synchronization

/// What a run shows on standard error: of every frame how far it is, of the newest ones how they do.
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

/// The status line of a live run.
final class LiveStatus: Sendable {
  /// Seconds from line to line where there is no terminal.
  private static let logInterval = 10.0

  private let isQuiet: Bool
  private let output = ConsoleOutput.standardError
  private let lastLine = Mutex(0.0)

  init(isQuiet: Bool) { self.isQuiet = isQuiet }

  func show(_ numbers: StylizationStatistics) {
    guard !isQuiet else { return }
    if output.isTerminal { return output.showStatus(Self.line(numbers)) }
    let isDue = lastLine.withLock { last in
      guard numbers.seconds - last >= Self.logInterval else { return false }
      last = numbers.seconds
      return true
    }
    if isDue { output.printLine(Self.line(numbers)) }
  }

  /// Leaves a last line.
  func finish(_ numbers: StylizationStatistics) {
    output.clearStatus()
    guard !isQuiet else { return }
    output.printLine(
      String(
        format: "Live %d frames in %@  %.1f fps  %d dropped  latency p95 %.0f ms  %@", numbers.framesOut,
        Duration.seconds(numbers.seconds).clockText, numbers.meanFps, numbers.framesDropped, numbers.latencyP95MsOverall,
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
