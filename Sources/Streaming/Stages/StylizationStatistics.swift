import Synchronization
import Threading

/// Statistics of a run.
public struct StylizationStatistics: Codable, Sendable {
  /// Seconds since the start.
  public var seconds = 0.0
  /// Frames received from the source.
  public var framesIn = 0
  /// Painted frames accepted by the sink.
  public var framesWritten = 0
  /// Painted frames delivered: their packets are written, or they have reached their receiver.
  public var framesOut = 0
  /// Frames dropped because a newer one arrived first.
  public var framesDropped = 0
  /// Frames that were not painted because nobody needed them, see ``FrameSink/wantsFrames``.
  public var framesUnwatched = 0
  /// Frames per second from the source, over the last five seconds.
  public var fpsIn = 0.0
  /// Frames per second delivered, over the last five seconds.
  public var fpsOut = 0.0
  /// Median latency in milliseconds from the arrival of a source frame to the delivery of its painted frame, over the
  /// last five seconds.
  public var latencyP50Ms = 0.0
  /// The 95th percentile of the latency over the last five seconds.
  public var latencyP95Ms = 0.0
  /// The 95th percentile of the latency since the start.
  public var latencyP95MsOverall = 0.0
  /// Mean time in milliseconds to paint one frame, over the last five seconds.
  public var paintMs = 0.0
  /// Median time in milliseconds to paint one frame, since the start.
  public var paintP50MsOverall = 0.0
  /// The 95th percentile of the painting time since the start.
  public var paintP95MsOverall = 0.0
  /// The width at which the network paints.
  public var workWidth = 0
  /// The height at which the network paints.
  public var workHeight = 0
  /// The width of the canvas; nil if no style has one.
  public var canvasWidth: Int?
  /// The height of the canvas; nil if no style has one.
  public var canvasHeight: Int?
  /// The number of changes of the work size.
  public var workSizeChanges = 0
  /// The number of reconnections of the source.
  public var reconnects = 0
  /// Whether the run was stopped before the source ended.
  public var wasStopped = false

  /// Creates statistics that are all zero.
  public init() {}

  /// The mean number of frames per second accepted by the sink.
  public var meanFps: Double { seconds > 0 ? Double(framesWritten) / seconds : 0 }

  /// Sets the sizes of the work and the canvas.
  package mutating func setSizes(of settings: StyleMixer.State) {
    (workWidth, workHeight) = (settings.workWidth, settings.workHeight)
    (canvasWidth, canvasHeight) = (settings.canvas?.width, settings.canvas?.height)
  }

  /// Takes the rates, latencies and painting times of another run.
  package mutating func setRates(of other: StylizationStatistics) {
    (fpsIn, fpsOut) = (other.fpsIn, other.fpsOut)
    (latencyP50Ms, latencyP95Ms) = (other.latencyP50Ms, other.latencyP95Ms)
    latencyP95MsOverall = other.latencyP95MsOverall
    (paintMs, paintP50MsOverall, paintP95MsOverall) = (other.paintMs, other.paintP50MsOverall, other.paintP95MsOverall)
  }

  /// Adds the totals of an earlier run.
  public mutating func add(totalsOf earlier: StylizationStatistics) {
    seconds += earlier.seconds
    framesIn += earlier.framesIn
    framesWritten += earlier.framesWritten
    framesOut += earlier.framesOut
    framesDropped += earlier.framesDropped
    framesUnwatched += earlier.framesUnwatched
    workSizeChanges += earlier.workSizeChanges
    reconnects += earlier.reconnects
  }
}

/// Collects the statistics of a run in constant memory: events older than the window are forgotten.
final class StylizationCounters: Sendable {
  private static let window = Duration.seconds(5)
  /// The maximum number of events in the window.
  private static let capacity = 4096

  private struct Event {
    let time: ContinuousClock.Instant
    let milliseconds: Double
  }

  private struct State {
    var start = ContinuousClock.now
    var end: ContinuousClock.Instant?
    var totals = StylizationStatistics()
    var arrivals: [Event] = []
    var deliveries: [Event] = []
    var paintings: [Event] = []
    var latencies = DurationHistogram()
    var paintingTimes = DurationHistogram()
    var load = PaintingLoad()
  }

  private let state = Mutex(State())

  /// When the run began.
  var start: ContinuousClock.Instant { state.withLock { $0.start } }
  /// The time since the start, up to the end of the run.
  var elapsed: Duration { state.withLock { $0.start.duration(to: $0.end ?? .now) } }

  func begin() { state.withLock { $0.start = .now } }
  func end() { state.withLock { $0.end = .now } }

  private static func append(_ event: Event, to events: inout [Event]) {
    // Remove in batches, to keep the cost low.
    if events.count >= capacity || events.count >= 64 && events[0].time < event.time - (window + window) {
      let first = events.firstIndex { $0.time >= event.time - window } ?? events.count
      events.removeFirst(max(first, events.count >= capacity ? capacity / 2 : 0))
    }
    events.append(event)
  }

  func noteArrival() {
    state.withLock {
      $0.totals.framesIn += 1
      Self.append(Event(time: .now, milliseconds: 0), to: &$0.arrivals)
    }
  }

  func noteStop() { state.withLock { $0.totals.wasStopped = true } }

  /// Returns the number of frames that the sink has accepted.
  func noteWriting() -> Int {
    state.withLock {
      $0.totals.framesWritten += 1
      return $0.totals.framesWritten
    }
  }

  /// Begins to measure the source's rate again, after a pause.
  func forgetArrivals() { state.withLock { $0.arrivals.removeAll(keepingCapacity: true) } }

  func noteUnwatchedFrame() { state.withLock { $0.totals.framesUnwatched += 1 } }

  func noteDrop() { state.withLock { $0.totals.framesDropped += 1 } }

  /// Begins a frame of the painting thread `place`.
  func beginPainting(_ place: Int, generation: Int) {
    state.withLock { $0.load.begin(place, generation: generation, at: .now) }
  }

  func endPainting(_ place: Int) {
    state.withLock {
      let now = ContinuousClock.now
      guard let milliseconds = $0.load.end(place, at: now) else { return }
      $0.paintingTimes.add(milliseconds: milliseconds)
      Self.append(Event(time: now, milliseconds: milliseconds), to: &$0.paintings)
    }
  }

  func noteDelivery(of arrival: ContinuousClock.Instant) {
    state.withLock {
      let now = ContinuousClock.now
      let latency = arrival.duration(to: now).milliseconds
      $0.totals.framesOut += 1
      $0.latencies.add(milliseconds: latency)
      Self.append(Event(time: now, milliseconds: latency), to: &$0.deliveries)
    }
  }

  func noteWorkSizeChange() {
    state.withLock {
      $0.totals.workSizeChanges += 1
      // Paintings at the old size say nothing about the new one.
      $0.paintings.removeAll(keepingCapacity: true)
    }
  }

  /// The current statistics. The caller fills in work size and reconnects.
  var statistics: StylizationStatistics {
    state.withLock { state in
      let now = state.end ?? .now
      var result = state.totals
      result.seconds = state.start.duration(to: now).seconds
      result.fpsIn = Self.rate(state.arrivals, now)
      result.fpsOut = Self.rate(state.deliveries, now)
      let recent = state.deliveries.filter { $0.time >= now - Self.window }.map(\.milliseconds).sorted()
      result.latencyP50Ms = Self.percentile(recent, 0.5)
      result.latencyP95Ms = Self.percentile(recent, 0.95)
      result.latencyP95MsOverall = state.latencies.percentile(0.95)
      result.paintP50MsOverall = state.paintingTimes.percentile(0.5)
      result.paintP95MsOverall = state.paintingTimes.percentile(0.95)
      let paintings = state.paintings.filter { $0.time >= now - Self.window }
      result.paintMs = paintings.isEmpty ? 0 : paintings.map(\.milliseconds).reduce(0, +) / Double(paintings.count)
      return result
    }
  }

  /// Frames per second from the source, over the last five seconds; nil if it is silent or has not been read for long
  /// enough.
  var arrivalRate: Double? {
    state.withLock { state in
      let now = ContinuousClock.now
      let recent = state.arrivals.filter { $0.time >= now - Self.window }
      guard let first = recent.first, let last = recent.last, first.time.duration(to: last.time) > .milliseconds(800)
      else { return nil }
      let mean = first.time.duration(to: last.time).seconds / Double(recent.count - 1)
      return last.time.duration(to: now).seconds > max(0.5, 3 * mean) ? nil : 1 / mean
    }
  }

  /// The painting times of recent frames of a generation in milliseconds, see ``PaintingLoad``.
  func recentPaintings(generation: Int) -> [Double] {
    state.withLock { $0.load.milliseconds(generation: generation, at: .now) }
  }

  /// Counts intervals rather than events, so that a short window does not underestimate the rate.
  private static func rate(_ events: [Event], _ now: ContinuousClock.Instant) -> Double {
    let recent = events.filter { $0.time >= now - window }
    guard recent.count > 1, let first = recent.first else { return 0 }
    let seconds = first.time.duration(to: recent[recent.count - 1].time).seconds
    // A long silence since the last event counts as well.
    let silence = recent[recent.count - 1].time.duration(to: now).seconds
    let mean = seconds / Double(recent.count - 1)
    return Double(recent.count - 1) / max(1e-6, seconds + (silence > 3 * mean ? silence : 0))
  }

  private static func percentile(_ sorted: [Double], _ fraction: Double) -> Double {
    sorted.isEmpty ? 0 : sorted[max(0, Int((fraction * Double(sorted.count)).rounded(.up)) - 1)]
  }
}
