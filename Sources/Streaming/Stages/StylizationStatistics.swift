import Synchronization
import Threading

/// Numbers of a run at one moment, or at its end.
public struct StylizationStatistics: Codable, Sendable {
  /// Since the start.
  public var seconds = 0.0
  /// Frames that came from the source, since the start.
  public var framesIn = 0
  /// Painted frames that the sink has taken, since the start.
  public var framesWritten = 0
  /// Painted frames that were delivered, since the start: those whose packets are written, or that have reached whoever
  /// they are for.
  public var framesOut = 0
  /// Frames that a newer one overtook before it was their turn, since the start.
  public var framesDropped = 0
  /// Frames a second from the source, over the last seconds.
  public var fpsIn = 0.0
  /// Frames a second delivered, over the last seconds.
  public var fpsOut = 0.0
  /// From the arrival of a source frame to the delivery of its painted one: half of those of the last seconds took no
  /// longer.
  public var latencyP50Ms = 0.0
  /// The same for 95 % of them.
  public var latencyP95Ms = 0.0
  /// The same for 95 % of all since the start.
  public var latencyP95MsOverall = 0.0
  /// One frame's painting, mean of the last seconds.
  public var paintMs = 0.0
  /// One frame's painting: half of all since the start took no longer.
  public var paintP50MsOverall = 0.0
  /// The same for 95 % of them.
  public var paintP95MsOverall = 0.0
  /// The width at which the network paints.
  public var workWidth = 0
  /// The height at which the network paints.
  public var workHeight = 0
  /// The width of the canvas; nil where no style has one.
  public var canvasWidth: Int?
  /// The height of the canvas; nil where no style has one.
  public var canvasHeight: Int?
  /// How often the work size has changed.
  public var workSizeChanges = 0
  /// How often the source went away and came back.
  public var reconnects = 0
  /// Whether someone has ended it before the source did.
  public var wasStopped = false

  /// Nothing yet.
  public init() {}

  /// Frames that the sink has taken a second, from the start.
  public var meanFps: Double { seconds > 0 ? Double(framesWritten) / seconds : 0 }

  /// Adds what counts since the start of `earlier`, a run before this one.
  public mutating func add(totalsOf earlier: StylizationStatistics) {
    seconds += earlier.seconds
    framesIn += earlier.framesIn
    framesWritten += earlier.framesWritten
    framesOut += earlier.framesOut
    framesDropped += earlier.framesDropped
    workSizeChanges += earlier.workSizeChanges
    reconnects += earlier.reconnects
  }
}

/// Counts what happens in a run. Its memory does not grow: what is older than the window is forgotten.
final class StylizationCounters: Sendable {
  private static let window = Duration.seconds(5)
  /// The number of events of the window at most, for frame rates beyond all reason.
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
  }

  private let state = Mutex(State())

  /// When the run began.
  var start: ContinuousClock.Instant { state.withLock { $0.start } }
  /// The time from then on, to the end.
  var elapsed: Duration { state.withLock { $0.start.duration(to: $0.end ?? .now) } }

  func begin() { state.withLock { $0.start = .now } }
  func end() { state.withLock { $0.end = .now } }

  private static func append(_ event: Event, to events: inout [Event]) {
    // Now and then, so that it costs little.
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

  /// Returns the number of frames that the sink has taken.
  func noteWriting() -> Int {
    state.withLock {
      $0.totals.framesWritten += 1
      return $0.totals.framesWritten
    }
  }

  func noteDrop() { state.withLock { $0.totals.framesDropped += 1 } }

  func notePainting(_ duration: Duration) {
    state.withLock {
      $0.paintingTimes.add(milliseconds: duration.milliseconds)
      Self.append(Event(time: .now, milliseconds: duration.milliseconds), to: &$0.paintings)
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
      // Those of the old size say nothing about the new one.
      $0.paintings.removeAll(keepingCapacity: true)
    }
  }

  /// Work size and reconnects are the caller's to fill in.
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

  /// Frames a second from the source, over the last seconds.
  var arrivalRate: Double { state.withLock { Self.rate($0.arrivals, .now) } }

  /// The milliseconds of the paintings of the last second and a half; empty where there is none.
  var recentPaintings: [Double] {
    state.withLock { state in
      let begin = ContinuousClock.now - .milliseconds(1500)
      return state.paintings.filter { $0.time >= begin }.map(\.milliseconds)
    }
  }

  /// Intervals over the time that they take, so that a short window does not count too few.
  private static func rate(_ events: [Event], _ now: ContinuousClock.Instant) -> Double {
    let recent = events.filter { $0.time >= now - window }
    guard recent.count > 1, let first = recent.first else { return 0 }
    let seconds = first.time.duration(to: recent[recent.count - 1].time).seconds
    // Where nothing has come for long, the silence counts.
    let silence = recent[recent.count - 1].time.duration(to: now).seconds
    let mean = seconds / Double(recent.count - 1)
    return Double(recent.count - 1) / max(1e-6, seconds + (silence > 3 * mean ? silence : 0))
  }

  private static func percentile(_ sorted: [Double], _ fraction: Double) -> Double {
    sorted.isEmpty ? 0 : sorted[max(0, Int((fraction * Double(sorted.count)).rounded(.up)) - 1)]
  }
}
