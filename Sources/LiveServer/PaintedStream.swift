import FFmpeg
import Foundation
import Streaming
import Synchronization

/// A source that is painted for as long as the server runs, and whatever its viewers have set.
///
/// A source that ends or fails is opened again: a file at once, so that it plays in a circle, everything else after a
/// moment.
public final class PaintedStream: Sendable {
  /// How the source does.
  public enum Condition: String, Codable, Sendable {
    /// It is being opened, or has sent nothing yet.
    case waiting
    /// Frames come.
    case running
    /// It could not be opened, or failed, and will be tried again.
    case failing
    /// The server has stopped it.
    case stopped
  }

  /// Opens the source; asked again whenever it has ended. `interrupt` gives it up.
  public typealias Open = @Sendable (_ interrupt: @escaping @Sendable () -> Bool) throws -> any FrameSource

  private static let pause = Duration.seconds(2)

  /// By which requests name it.
  public let id: String
  /// What people read.
  public let title: String
  /// What it is painted in.
  public let style: StyleMixer
  let output = StreamOutput()
  /// How long changes of style take, unless told otherwise.
  let fade: Mutex<Double>
  /// Changes of style, one after the other: models are loaded and prepared on it.
  let control: DispatchQueue
  let waitingChanges = Atomic<Int>(0)

  private struct State {
    var condition = Condition.waiting
    var failure: String?
    var run: Stylization?
    /// Totals of the runs before.
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

  /// A stream that is still to be started. With `restartsAtOnce`, a source that ends well is opened again without a
  /// pause.
  ///
  /// Where an error names `sourceName`, viewers read the title in its place: the name may hold a path or a password.
  public init(
    id: String, title: String, sourceName: String? = nil, style: StyleMixer, fade: Double = 0.5,
    options: Stylization.Options = Stylization.Options(), restartsAtOnce: Bool = false, open: @escaping Open
  ) {
    self.id = id
    self.title = title
    self.sourceName = sourceName
    self.style = style
    self.fade = Mutex(fade)
    var options = options
    // Nobody who looks on waits for late frames.
    options.frames = .newest
    self.options = options
    self.restartsAtOnce = restartsAtOnce
    self.open = open
    control = DispatchQueue(label: "style of \(id)")
  }

  /// How the source does, and what was wrong with it last.
  public var condition: (condition: Condition, failure: String?) { state.withLock { ($0.condition, $0.failure) } }

  /// Numbers since the start; rates and latencies are those of the present run.
  public var statistics: StylizationStatistics {
    let (run, before) = state.withLock { ($0.run, $0.before) }
    var result = run?.statistics ?? StylizationStatistics()
    result.add(totalsOf: before)
    return result
  }

  /// Starts the painting, on threads of its own. Later calls do nothing.
  public func start() {
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

  /// Ends the painting and every viewer's stream, and waits for it, but not for ever: a source may not answer.
  public func stop() {
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
      // A stop that came before the run was known.
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

  /// Keeps the totals of a run that has ended.
  private func retire(_ run: Stylization) {
    let numbers = run.statistics
    state.withLock { state in
      state.run = nil
      state.before.add(totalsOf: numbers)
    }
  }
}
