import Foundation
import HTTPTypes
import Hummingbird
import Streaming
import Synchronization

/// The states of a server for programs that follow them, as server-sent events.
///
/// An event has the name of a resource, `streams`, `styles` or `training`, and its JSON. A reader gets the newest one
/// of each: nothing waits for slow readers, and they miss only what is out of date.
final class ServerEvents: Sendable {
  /// How long a resource that changes all the time, such as statistics, is held back.
  private static let interval = Duration.seconds(1)
  /// How often to send a comment while nothing changes, to detect readers that are gone.
  private static let heartbeat = Duration.seconds(15)
  private static let comment = ByteBuffer(string: ":\n\n")

  /// The names of the events, in the order in which a new reader gets them.
  enum Name: String, CaseIterable { case streams, styles, training }

  /// A state to send: `settings` tells whether something other than numbers has changed, which is sent at once.
  struct State {
    var json: Data
    var settings: Data
  }

  private struct Entry {
    var state: State
    var number: Int
    var time: ContinuousClock.Instant
  }

  private struct Values {
    var entries: [Name: Entry] = [:]
    var number = 0
    var beats = 0
    var latest = ContinuousClock.now
    var readers: [Int: AsyncStream<Void>.Continuation] = [:]
    var nextReader = 0
    var isClosed = false
  }

  private let maximumCount: Int
  private let values = Mutex(Values())

  /// - Parameter maximumCount: The maximum number of readers.
  init(maximumCount: Int) { self.maximumCount = maximumCount }

  /// Whether anybody reads.
  var hasReaders: Bool { values.withLock { !$0.readers.isEmpty } }

  /// Takes the current states and wakes the readers if there is something to send.
  func update(at now: ContinuousClock.Instant = .now, _ states: [Name: State]) {
    let readers = values.withLock { values -> [AsyncStream<Void>.Continuation] in
      var isNew = false
      for (name, state) in states {
        if let entry = values.entries[name] {
          let isSame = entry.state.json == state.json
          let isQuiet = entry.state.settings == state.settings
          if isSame || isQuiet && entry.time.duration(to: now) < Self.interval { continue }
        }
        values.number += 1
        values.entries[name] = Entry(state: state, number: values.number, time: now)
        isNew = true
      }
      if !isNew, values.latest.duration(to: now) < Self.heartbeat { return [] }
      if !isNew { values.beats += 1 }
      values.latest = now
      return Array(values.readers.values)
    }
    for reader in readers { reader.yield() }
  }

  /// Ends all readers' responses.
  func close() {
    let readers = values.withLock { values in
      values.isClosed = true
      return Array(values.readers.values)
    }
    for reader in readers { reader.finish() }
  }

  /// Returns a response that starts with all states and continues with those that change, or nil if there are too many
  /// readers.
  func response() -> Response? {
    // One signal is enough, because a reader takes the newest states.
    let (signals, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let reader = values.withLock { values -> Reader? in
      guard values.readers.count < maximumCount, !values.isClosed else { return nil }
      values.nextReader += 1
      values.readers[values.nextReader] = continuation
      return Reader(values.nextReader, self)
    }
    guard let reader else { return nil }
    continuation.yield()
    let body = ResponseBody { writer in
      var number = 0
      var beats = 0
      for await _ in signals {
        let text = reader.events.text(after: &number, &beats)
        if text.readableBytes > 0 { try await writer.write(text) }
      }
      try await writer.finish(nil)
      withExtendedLifetime(reader) {}
    }
    return Response(status: .ok, headers: [.contentType: "text/event-stream"], body: body)
  }

  /// Returns the events that are newer than `number`, or a comment if there are none but a heartbeat is due.
  private func text(after number: inout Int, _ beats: inout Int) -> ByteBuffer {
    values.withLock { values in
      var text = ByteBuffer()
      for name in Name.allCases {
        guard let entry = values.entries[name], entry.number > number else { continue }
        text.writeString("event: \(name.rawValue)\ndata: ")
        // JSON without indentation has no line breaks.
        text.writeBytes(entry.state.json)
        text.writeString("\n\n")
      }
      if text.readableBytes == 0, beats != values.beats { text.writeImmutableBuffer(Self.comment) }
      number = values.number
      beats = values.beats
      return text
    }
  }

  /// A reader's place in the list. It is given up when the response ends, however it ends.
  private final class Reader: Sendable {
    let events: ServerEvents
    private let number: Int

    init(_ number: Int, _ events: ServerEvents) {
      self.number = number
      self.events = events
    }

    deinit { events.values.withLock { $0.readers[number] = nil } }
  }
}

extension LiveServer {
  func addEvents(to router: Router<ServerContext>) {
    router.get("api/events") { [self] _, _ in
      try updateEvents()
      guard let response = events.response() else {
        throw RequestError(.serviceUnavailable, headers: [.retryAfter: "5"], message: "too many readers of events")
      }
      return response
    }
  }

  /// Sends what has changed to the readers of events.
  func updateEvents() throws {
    let states = streams.map(state)
    let settings = states.map { state in
      var state = state
      state.statistics = StylizationStatistics()
      return state
    }
    let styles = try Answer.data(StyleList(catalog, trained))
    let training = try Answer.data(TrainingList(training))
    events.update([
      .streams: .init(json: try Answer.data(["streams": states]), settings: try Answer.data(settings)),
      .styles: .init(json: styles, settings: styles), .training: .init(json: training, settings: training),
    ])
  }
}
