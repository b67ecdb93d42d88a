import Foundation
import Synchronization
import Threading

/// Reports the progress of a long job in one of the forms of ``ProgressMode``.
///
/// Any thread can call it at any rate. It redraws the status line at most ten times per second and prints at most one
/// JSON line per second.
public final class ProgressReporter: Sendable {
  /// The unit that is counted and the unit of its rate.
  public struct Units: Sendable {
    /// The name of the steps in the plural: `frames`, `iterations`.
    package var steps: String
    /// The unit of the rate: `fps`, `images/s`.
    package var rate: String
    /// The number of rate units per step, such as the images of a batch.
    package var perStep: Double

    /// Creates units.
    public init(steps: String, rate: String, perStep: Double = 1) {
      self.steps = steps
      self.rate = rate
      self.perStep = perStep
    }

    /// Video frames, with a rate in fps.
    public static let frames = Units(steps: "frames", rate: "fps")
  }

  /// A point in time.
  private struct Mark {
    var time: ContinuousClock.Instant
    var completed: Int
  }

  private struct State {
    var latest: Mark
    var detail = ""
    var losses: [String: Double]?
    /// The ends of the last two windows. The rate is measured from the older one, so it covers 5 to 10 seconds.
    var olderMark: Mark
    var newerMark: Mark
    var lastDrawing: ContinuousClock.Instant?
    var isFinished = false
  }

  private static let redrawInterval = Duration.milliseconds(100)
  private static let recordInterval = Duration.seconds(1)
  private static let rateWindow = Duration.seconds(5)

  private let title: String
  private let total: Int?
  private let units: Units
  private let mode: ProgressMode
  private let logInterval: Duration
  private let showsFirstStep: Bool
  private let output: ConsoleOutput
  private let now: @Sendable () -> ContinuousClock.Instant
  private let start: Mark
  private let state: Mutex<State>

  /// Creates a reporter and starts its clock.
  ///
  /// - Parameters:
  ///   - title: One or two words at the start of the line, such as `Stylizing`.
  ///   - total: The number of steps of the whole job; nil if unknown.
  ///   - completed: The number of steps completed earlier, for example by an interrupted run. They do not count towards
  ///     the rate.
  ///   - mode: The form of the report. `bar` becomes `plain` if `output` is not a terminal.
  ///   - logInterval: The minimum time between plain lines.
  ///   - showsFirstStep: Whether to print a plain line after the first step, which shows the remaining time of jobs
  ///     with long steps.
  public init(
    title: String, total: Int?, completed: Int = 0, units: Units = .frames, mode: ProgressMode = .bar,
    logInterval: Duration = .seconds(10), showsFirstStep: Bool = false, output: ConsoleOutput = .standardError,
    now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
  ) {
    self.title = title
    self.total = total
    self.units = units
    self.mode = mode == .bar && !output.isTerminal ? .plain : mode
    self.logInterval = logInterval
    self.showsFirstStep = showsFirstStep
    self.output = output
    self.now = now
    start = Mark(time: now(), completed: completed)
    state = Mutex(State(latest: start, olderMark: start, newerMark: start))
  }

  /// Reports that `completed` steps of the whole job are done.
  ///
  /// - Parameters:
  ///   - detail: Text for the end of the line; not part of JSON.
  ///   - losses: The losses for JSON.
  public func update(completed: Int, detail: String = "", losses: [String: Double]? = nil) {
    guard mode != .none else { return }
    let time = now()
    let line: String? = state.withLock { state in
      guard !state.isFinished else { return nil }
      state.latest = Mark(time: time, completed: completed)
      state.detail = detail
      state.losses = losses
      if time - state.newerMark.time >= Self.rateWindow {
        state.olderMark = state.newerMark
        state.newerMark = state.latest
      }
      guard isDue(at: time, after: state.lastDrawing) else { return nil }
      state.lastDrawing = time
      return mode == .json ? record(state) : self.line(state)
    }
    if let line { draw(line) }
  }

  /// Prints a final line with the total time and the mean rate, or the final JSON line. Later updates are ignored.
  public func finish() {
    guard mode != .none else { return }
    let time = now()
    let line: String? = state.withLock { state in
      guard !state.isFinished else { return nil }
      state.isFinished = true
      state.latest.time = time
      return mode == .json ? record(state) : finalLine(state)
    }
    output.clearStatus()
    if let line { output.printLine(line) }
  }

  private func isDue(at time: ContinuousClock.Instant, after last: ContinuousClock.Instant?) -> Bool {
    switch mode {
    case .none: return false
    case .bar: return last.map { time - $0 >= Self.redrawInterval } ?? true
    case .json: return last.map { time - $0 >= Self.recordInterval } ?? true
    case .plain:
      // The first step of a long job shows how long the job will take.
      guard let last else { return time - start.time >= (showsFirstStep ? .zero : logInterval) }
      return time - last >= logInterval
    }
  }

  private func draw(_ line: String) {
    if mode == .bar { output.showStatus(line) } else { output.printLine(line) }
  }

  // MARK: JSON

  /// One JSON line; nil if a loss is not finite, which JSON cannot represent.
  private func record(_ state: State) -> String? {
    let stepsPerSecond = currentRate(state)
    let rate = stepsPerSecond > 0 ? stepsPerSecond : nil
    return try? JSONLine.text(
      of: ProgressRecord(
        task: title, iteration: state.latest.completed, iterations: total, unit: units.steps, rate: rate,
        eta: rate.flatMap { rate in total.map { Double(max(0, $0 - state.latest.completed)) / rate } },
        losses: state.losses))
  }

  // MARK: Text

  private func line(_ state: State) -> String {
    let stepsPerSecond = currentRate(state)
    var parts = [counter(state.latest.completed)]
    if stepsPerSecond > 0 { parts.append(rateText(stepsPerSecond)) }
    if let total {
      if stepsPerSecond > 0 {
        let left = Double(max(0, total - state.latest.completed)) / stepsPerSecond
        parts.append("ETA \(Duration.seconds(min(left, 1e7)).clockText)")
      }
    } else {
      parts.append((state.latest.time - start.time).clockText)
    }
    if !state.detail.isEmpty { parts.append(state.detail) }
    let head = total.map { "\(title) \(percent(state.latest.completed, of: $0))" } ?? title
    let tail = parts.joined(separator: "  ")
    guard mode == .bar, let total else { return "\(head)  \(tail)" }
    // Brackets and the spaces around the bar take six columns. A bar of fewer than eight columns is not useful.
    let room = min(30, output.statusWidth - head.count - tail.count - 5)
    guard room >= 8 else { return "\(head)  \(tail)" }
    return "\(head) \(bar(state.latest.completed, of: total, width: room))  \(tail)"
  }

  private func finalLine(_ state: State) -> String {
    let elapsed = state.latest.time - start.time
    let mean = rate(from: start, to: state.latest)
    var parts = ["\(title) \(counter(state.latest.completed)) in \(elapsed.clockText)"]
    if mean > 0 { parts.append(rateText(mean)) }
    if !state.detail.isEmpty { parts.append(state.detail) }
    return parts.joined(separator: "  ")
  }

  /// Of the last seconds.
  private func currentRate(_ state: State) -> Double {
    rate(from: state.latest.time - state.olderMark.time > .zero ? state.olderMark : start, to: state.latest)
  }

  private func rate(from: Mark, to: Mark) -> Double {
    let seconds = (to.time - from.time).seconds
    return seconds > 0 ? Double(to.completed - from.completed) / seconds : 0
  }

  private func rateText(_ stepsPerSecond: Double) -> String {
    let value = stepsPerSecond * units.perStep
    return "\(String(format: value < 10 ? "%.2f" : "%.1f", value)) \(units.rate)"
  }

  private func counter(_ completed: Int) -> String {
    "\(completed)\(total.map { "/\($0)" } ?? "") \(units.steps)"
  }

  private func fraction(_ completed: Int, of total: Int) -> Double {
    total > 0 ? min(1, max(0, Double(completed) / Double(total))) : 1
  }

  /// Rounded down, so that 100 % means that everything is done.
  private func percent(_ completed: Int, of total: Int) -> String {
    let text = String(Int(fraction(completed, of: total) * 100))
    return String(repeating: " ", count: max(0, 3 - text.count)) + text + "%"
  }

  private func bar(_ completed: Int, of total: Int, width: Int) -> String {
    let filled = Int(fraction(completed, of: total) * Double(width))
    let head = filled > 0 && filled < width ? ">" : ""
    return "[" + String(repeating: "=", count: filled - head.count) + head
      + String(repeating: " ", count: width - filled) + "]"
  }
}
