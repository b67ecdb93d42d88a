import FFmpeg
import Foundation
import Streaming
import Synchronization

/// A source that is painted continuously while the server runs.
///
/// When the source ends or fails, it is reopened: files immediately, so that they loop, and other sources after a short
/// pause.
package final class PaintedStream: Sendable {
  /// The condition of the source.
  package enum Condition: String, Codable, Sendable {
    /// The source is being opened or has not sent a frame yet.
    case waiting
    /// The source sends frames.
    case running
    /// The source could not be opened or has failed. It will be reopened.
    case failing
    /// The server has stopped the stream.
    case stopped
  }

  /// Opens the source. Called again whenever the source ends; stops opening when `interrupt` returns true.
  package typealias Open = @Sendable (_ interrupt: @escaping @Sendable () -> Bool) throws -> any FrameSource

  private static let pause = Duration.seconds(2)

  /// The identifier in request paths.
  package let id: String
  /// The title to display.
  package let title: String
  /// The style of the stream.
  package let style: StyleMixer
  let output = StreamOutput()
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
    var isStarted = false
  }

  private let options: Stylization.Options
  private let open: Open
  private let sourceName: String?
  private let restartsAtOnce: Bool
  private let isStopped = Atomic<Bool>(false)
  private let state = Mutex(State())
  private let ended = DispatchSemaphore(value: 0)

  /// Creates a stream. Call ``start()`` to run it.
  ///
  /// - Parameters:
  ///   - sourceName: The source's name, which may contain a path or a password. Error messages for viewers contain the
  ///     title instead.
  ///   - fade: The default duration of style changes in seconds.
  ///   - restartsAtOnce: Whether to reopen a source that has ended normally without a pause.
  package init(
    id: String, title: String, sourceName: String? = nil, style: StyleMixer, fade: Double = 0.5,
    options: Stylization.Options = Stylization.Options(), restartsAtOnce: Bool = false, open: @escaping Open
  ) {
    self.id = id
    self.title = title
    self.sourceName = sourceName
    self.style = style
    self.fade = Mutex(fade)
    var options = options
    // Viewers want the newest frame.
    options.frames = .newest
    self.options = options
    self.restartsAtOnce = restartsAtOnce
    self.open = open
    control = DispatchQueue(label: "style of \(id)")
  }

  /// The condition of the source and its latest error.
  package var condition: (condition: Condition, failure: String?) { state.withLock { ($0.condition, $0.failure) } }

  /// Statistics since the start. Rates and latencies are those of the current run.
  package var statistics: StylizationStatistics {
    let (run, before) = state.withLock { ($0.run, $0.before) }
    var result = run?.statistics ?? StylizationStatistics()
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
      let run = Stylization(source: source, style: style, sink: output, options: options)
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
      if !restartsAtOnce { state.withLock { $0.condition = .waiting } }
      if restartsAtOnce, run.statistics.framesIn > 0 { return }
    } catch {
      var reason = "\(error)"
      if let sourceName, !sourceName.isEmpty { reason = reason.replacing(sourceName, with: title) }
      state.withLock { state in
        state.condition = .failing
        state.failure = reason
      }
    }
    let end = ContinuousClock.now + Self.pause
    while ContinuousClock.now < end, !isStopped.load(ordering: .acquiring) { usleep(20_000) }
  }

  /// Adds the totals of a run that has ended.
  private func retire(_ run: Stylization) {
    let numbers = run.statistics
    state.withLock { state in
      state.run = nil
      state.before.add(totalsOf: numbers)
    }
  }
}
