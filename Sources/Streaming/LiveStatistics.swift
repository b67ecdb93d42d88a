import FFmpeg
import Synchronization

/// Numbers of a live run at one moment.
public struct LiveStatistics: Codable, Sendable {
  /// Since the start.
  public var seconds = 0.0
  /// Frames that came from the source, since the start.
  public var framesIn = 0
  /// Painted frames that were delivered, since the start.
  public var framesOut = 0
  /// Frames that a newer one overtook before it was their turn, since the start.
  public var framesDropped = 0
  /// Frames a second from the source, over the last seconds.
  public var fpsIn = 0.0
  /// Frames a second delivered, over the last seconds.
  public var fpsOut = 0.0
  /// From the arrival of a source frame to the delivery of its painted one: half of those of the last seconds took no longer.
  public var latencyP50Ms = 0.0
  /// The same for 95 % of them.
  public var latencyP95Ms = 0.0
  /// The same for 95 % of all since the start.
  public var latencyP95MsOverall = 0.0
  /// One frame's painting, mean of the last seconds.
  public var paintMs = 0.0
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

  /// Nothing yet.
  public init() {}
}

/// Counts what happens in a live run. Its memory does not grow: what is older than the window is forgotten.
final class LiveCounters: Sendable {
  private static let window = Duration.seconds(5)
  /// The greatest number of events of the window, for frame rates beyond all reason.
  private static let capacity = 4096

  private struct Event {
    let time: ContinuousClock.Instant
    let milliseconds: Double
  }

  private struct State {
    var totals = LiveStatistics()
    var arrivals: [Event] = []
    var deliveries: [Event] = []
    var paintings: [Event] = []
    var latencies = DurationHistogram()
  }

  private let start = ContinuousClock.now
  private let state = Mutex(State())

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

  func noteDrop() { state.withLock { $0.totals.framesDropped += 1 } }

  func notePainting(_ duration: Duration) {
    state.withLock { Self.append(Event(time: .now, milliseconds: duration.milliseconds), to: &$0.paintings) }
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
  var statistics: LiveStatistics {
    state.withLock { state in
      let now = ContinuousClock.now
      var result = state.totals
      result.seconds = start.duration(to: now).seconds
      result.fpsIn = Self.rate(state.arrivals, now)
      result.fpsOut = Self.rate(state.deliveries, now)
      let recent = state.deliveries.filter { $0.time >= now - Self.window }.map(\.milliseconds).sorted()
      result.latencyP50Ms = Self.percentile(recent, 0.5)
      result.latencyP95Ms = Self.percentile(recent, 0.95)
      result.latencyP95MsOverall = state.latencies.percentile(0.95)
      let paintings = state.paintings.filter { $0.time >= now - Self.window }
      result.paintMs = paintings.isEmpty ? 0 : paintings.map(\.milliseconds).reduce(0, +) / Double(paintings.count)
      return result
    }
  }

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
