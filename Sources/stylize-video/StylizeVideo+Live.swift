import ArgumentParser
import Console
import FFmpeg
import Foundation
import Inference
import Networks
import Streaming
import Synchronization
import Threading

extension StylizeVideo {
  /// Paints what comes in as it comes in.
  func runLive(
    _ source: MediaSource, _ target: MediaTarget, _ model: PreparedModel, _ interrupt: InterruptFlag
  ) throws {
    let statisticsFile = try liveOptions.stats.map { try StatisticsFile($0) }
    let style = LiveStyle(
      NamedStyle(painting.style, model: model), pool: ComputePool(threads: threadCount), blend: blend,
      strokes: chosenStrokes)
    let commands = CommandReader(style: style, fade: liveOptions.fade)
    let shouldStop: @Sendable () -> Bool = { interrupt.isRaised || commands.hasQuit }
    let video = try LiveVideo(input: source, reading: liveOptions.reading, interrupt: shouldStop)
    if source.kind != .standardStream { commands.start() }
    let status = LiveStatus(mode: progressOptions.mode)
    let result = try video.run(
      output: target, style: style,
      encoding: EncodingOptions(codec: codec, crf: crf, threads: threadCount, isLowDelay: true),
      options: LiveStylization.Options(
        workSize: workSize, adaptsWorkSize: liveOptions.adapt == .on, denoises: denoises(source)),
      shouldStop: shouldStop,
      observe: { numbers in
        status.show(numbers)
        statisticsFile?.write(numbers)
      })
    status.finish(result.statistics)
    try statisticsFile?.finish(result.statistics)
    warn(result.warnings)
    if painting.json { try JSONLine.print(LiveReport(result, style: style.settings)) }
    try endByInterrupt(interrupt, frames: result.statistics.framesOut)
    if let failure = result.failure { throw failure }
  }
}

/// How a live run does, in one of the forms of `ProgressMode`; the JSON lines are those of `--stats`.
final class LiveStatus: Sendable {
  private let mode: ProgressMode
  private let output = ConsoleOutput.standardError
  /// When the latest line was printed, in seconds of the run; nil before the first.
  private let lastLine = Mutex<Double?>(nil)

  init(mode: ProgressMode) { self.mode = mode == .bar && !output.isTerminal ? .plain : mode }

  func show(_ numbers: LiveStatistics) {
    switch mode {
    case .none: return
    case .bar: output.showStatus(Self.line(numbers))
    case .plain: if isDue(numbers, first: 10, interval: 10) { output.printLine(Self.line(numbers)) }
    case .json: if isDue(numbers, first: 0, interval: 1) { printRecord(numbers) }
    }
  }

  private func isDue(_ numbers: LiveStatistics, first: Double, interval: Double) -> Bool {
    lastLine.withLock { last in
      guard numbers.seconds >= (last.map { $0 + interval } ?? first) else { return false }
      last = numbers.seconds
      return true
    }
  }

  private func printRecord(_ numbers: LiveStatistics) {
    if let line = try? JSONLine.text(of: numbers) { output.printLine(line) }
  }

  /// Leaves a last line.
  func finish(_ numbers: LiveStatistics) {
    output.clearStatus()
    guard mode != .none else { return }
    if mode == .json { return printRecord(numbers) }
    let mean = numbers.seconds > 0 ? Double(numbers.framesOut) / numbers.seconds : 0
    output.printLine(
      String(
        format: "Live %d frames in %@  %.1f fps  %d dropped  latency p95 %.0f ms  %@", numbers.framesOut,
        Duration.seconds(numbers.seconds).clockText, mean, numbers.framesDropped, numbers.latencyP95MsOverall,
        Self.size(numbers)))
  }

  private static func line(_ numbers: LiveStatistics) -> String {
    String(
      format: "Live %@  in %.1f fps  out %.1f fps  %d dropped  latency p50 %.0f p95 %.0f ms  %@",
      Duration.seconds(numbers.seconds).clockText, numbers.fpsIn, numbers.fpsOut, numbers.framesDropped,
      numbers.latencyP50Ms, numbers.latencyP95Ms, size(numbers))
  }

  private static func size(_ numbers: LiveStatistics) -> String {
    let size = "\(numbers.workWidth)x\(numbers.workHeight)"
    guard let width = numbers.canvasWidth, let height = numbers.canvasHeight else { return size }
    return "\(size) on a canvas of \(width)x\(height)"
  }
}

/// A file of JSON lines, one for each second of a live run and one for its end.
final class StatisticsFile: Sendable {
  private let path: String
  private let file: FileHandle
  private let state = Mutex<(second: Int, failed: Bool)>((-1, false))

  /// Creates the file. Throws `PathError` where that is not possible.
  init(_ path: String) throws {
    self.path = path
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let file = FileHandle(forWritingAtPath: path)
    else { throw PathError.unwritable(path: path, reason: "the file could not be created") }
    self.file = file
  }

  /// Writes the first numbers of each second. A full disk does not end the painting; `finish` tells of it.
  func write(_ numbers: LiveStatistics) {
    state.withLock { state in
      guard Int(numbers.seconds) > state.second else { return }
      state.second = Int(numbers.seconds)
      if !append(numbers) { state.failed = true }
    }
  }

  func finish(_ numbers: LiveStatistics) throws {
    let failed = state.withLock { $0.failed }
    if !append(numbers) || failed { throw PathError.unwritable(path: path, reason: "the disk may be full") }
    try file.close()
  }

  private func append(_ numbers: LiveStatistics) -> Bool {
    guard let line = try? JSONLine.text(of: numbers) else { return false }
    return (try? file.write(contentsOf: Data((line + "\n").utf8))) != nil
  }
}
