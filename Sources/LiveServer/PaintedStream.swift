import FFmpeg
import Foundation
import Streaming
import Synchronization

/// A source that is painted continuously while the server runs.
///
/// Nothing is painted while nobody watches. When the source ends, it is reopened as its ``End`` says; when it fails,
/// after a short pause. It then goes on at the work size that it had.
package final class PaintedStream: Sendable {
  /// The condition of the source.
  package enum Condition: String, Codable, Sendable {
    /// The source is being opened or has not sent a frame yet.
    case waiting
    /// The source sends frames.
    case running
    /// The source could not be opened or has failed. It will be reopened.
    case failing
    /// The source has ended for good, as a game that was left.
    case ended
    /// The server has stopped the stream.
    case stopped
  }

  /// What the end of the source means.
  package enum End: Sendable {
    /// Play again from the start, as for files.
    case loops
    /// Wait for the next frame, as for the camera of a page.
    case waits
    /// Open the source again after a pause.
    case isLost
  }

  /// Thrown by ``Open`` when there will be no more frames. Viewers read why.
  package struct Ended: Error, CustomStringConvertible {
    /// Why, in one sentence.
    package let description: String

    /// Creates an error with the reason for the end.
    package init(_ description: String) { self.description = description }
  }

  /// Opens the source. Called again whenever the source ends; stops opening when `interrupt` returns true.
  package typealias Open = @Sendable (_ interrupt: @escaping @Sendable () -> Bool) throws -> any FrameSource

  private static let pause = Duration.seconds(2)
  /// The seconds of a run before it has rates of its own.
  private static let beginning = 1.0

  /// The identifier in request paths.
  package let id: String
  /// The title to display.
  package let title: String
  /// The style of the stream.
  package let style: StyleMixer
  /// The name of the style that the stream begins with.
  let initialStyle: String
  let output: StreamOutput
  /// Keyboard and pointer of the source; nil if it takes no input.
  let controls: StreamControls?
  /// The default duration of style changes in seconds.
  let fade: Mutex<Double>
  /// Serializes style changes. Models are loaded and prepared on this queue.
  let control: DispatchQueue
  let waitingChanges = Atomic<Int>(0)

  private struct State {
    var condition = Condition.waiting
    var failure: String?
    var run: Stylization?
    /// The totals of previous runs.
    var before = StylizationStatistics()
    /// The end of the previous run.
    var latest = StylizationStatistics()
    var reduction: WorkReduction?
    var isStarted = false
  }

  private let options: Stylization.Options
  private let open: Open
  private let sourceName: String?
  private let end: End
  private let adaptation = WorkSizeAdaptation()
  private let isStopped = Atomic<Bool>(false)
  private let state = Mutex(State())
  private let ended = DispatchSemaphore(value: 0)

  /// Creates a stream. Call ``start()`` to run it.
  ///
  /// - Parameters:
  ///   - sourceName: The source's name, which may contain a path or a password. Error messages for viewers contain the
  ///     title instead.
  ///   - fade: The default duration of style changes in seconds.
  ///   - restsUnwatched: Whether to paint only while there are viewers.
  ///   - end: What a normal end of the source means.
  ///   - controls: Keyboard and pointer of the source; nil if it takes no input.
  package init(
    id: String, title: String, sourceName: String? = nil, style: StyleMixer, fade: Double = 0.5,
    options: Stylization.Options = Stylization.Options(), restsUnwatched: Bool = true, end: End = .isLost,
    controls: StreamControls? = nil,
    open: @escaping Open
  ) {
    self.id = id
    self.title = title
    self.sourceName = sourceName
    self.style = style
    initialStyle = style.settings.styles.first?.name ?? ""
    self.fade = Mutex(fade)
    var options = options
    // Viewers want the newest frame.
    options.frames = .newest
    self.options = options
    self.end = end
    self.controls = controls
    output = StreamOutput(restsUnwatched: restsUnwatched)
    self.open = open
    control = DispatchQueue(label: "style of \(id)")
  }

  /// The condition of the source and its latest error.
  package var condition: (condition: Condition, failure: String?) {
    let (condition, failure) = state.withLock { ($0.condition, $0.failure) }
    // The first size is chosen after the source has been opened.
    return (condition == .running && style.settings.workWidth == 0 ? .waiting : condition, failure)
  }

  /// Whether the source is not painted because nobody watches.
  package var isResting: Bool { !output.wantsFrames }

  /// Why the picture is coarser than its settings say; nil if it is not.
  package var reduction: WorkReduction? {
    let (run, latest) = state.withLock { ($0.run, $0.reduction) }
    return run.map { $0.reduction } ?? latest
  }

  /// Statistics since the start. Rates and latencies are those of the current run, or of the one before while a file
  /// begins again.
  package var statistics: StylizationStatistics {
    let (run, before, latest) = state.withLock { ($0.run, $0.before, $0.latest) }
    var result = run?.statistics ?? StylizationStatistics()
    if run == nil { result.setSizes(of: style.settings) }
    if end == .loops, result.seconds < Self.beginning { result.setRates(of: latest) }
    result.add(totalsOf: before)
    return result
  }

  /// Starts painting on separate threads. Has no effect on later calls.
  package func start() {
    let isFirst = state.withLock { state in
      defer { state.isStarted = true }
      return !state.isStarted
    }
    guard isFirst else { return }
    let thread = Thread { [self] in
      while !isStopped.load(ordering: .acquiring) { runOnce() }
      state.withLock { $0.condition = .stopped }
      output.close()
      ended.signal()
    }
    thread.name = "stream"
    thread.start()
  }

  /// Ends painting and all viewers' streams. Waits at most five seconds, because a source may not respond.
  package func stop() {
    isStopped.store(true, ordering: .releasing)
    let (isStarted, run) = state.withLock { ($0.isStarted, $0.run) }
    run?.stop()
    output.close()
    if isStarted, ended.wait(timeout: .now() + 5) == .success { ended.signal() }
  }

  private func runOnce() {
    do {
      let source = try open { [self] in isStopped.load(ordering: .acquiring) }
      output.connect(source.openAudio())
      let run = Stylization(source: source, style: style, sink: output, options: options, adaptation: adaptation)
      state.withLock { state in
        state.run = run
        state.condition = .running
        state.failure = nil
      }
      // The stream may have been stopped before the run was stored.
      if isStopped.load(ordering: .acquiring) { run.stop() }
      defer { retire(run) }
      try run.run()
      if let failure = source.failure { throw failure }
      if end != .loops { state.withLock { $0.condition = .waiting } }
      if end != .isLost, run.statistics.framesIn > 0 { return }
    } catch {
      var reason = "\(error)"
      if let sourceName, !sourceName.isEmpty { reason = reason.replacing(sourceName, with: title) }
      state.withLock { state in
        state.condition = error is Ended ? .ended : .failing
        state.failure = reason
      }
    }
    let end = ContinuousClock.now + Self.pause
    while ContinuousClock.now < end, !isStopped.load(ordering: .acquiring) { usleep(20_000) }
  }

  /// Adds the totals of a run that has ended.
  private func retire(_ run: Stylization) {
    let (numbers, reduction) = (run.statistics, run.reduction)
    state.withLock { state in
      state.run = nil
      (state.latest, state.reduction) = (numbers, reduction)
      state.before.add(totalsOf: numbers)
    }
  }
}
