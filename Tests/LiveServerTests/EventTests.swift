import Foundation
import LiveServer
import TestSupport
import Testing

/// Server-sent events.
@Suite struct EventTests {
  private struct Event {
    var name: String
    var data: Data
  }

  private struct Streams: Decodable { var streams: [RunningServer.State] }

  private func connect(_ server: RunningServer) throws -> Connection {
    let connection = try server.connect("/api/events")
    let head = try connection.takeHead()
    #expect(head.status == 200 && head.headers["content-type"] == "text/event-stream")
    return connection
  }

  private func next(_ connection: Connection) throws -> Event {
    var event = Event(name: "", data: Data())
    while true {
      let line = try connection.takeChunkedLine()
      if line.hasPrefix("event: ") { event.name = String(line.dropFirst(7)) }
      if line.hasPrefix("data: ") { event.data = Data(line.dropFirst(6).utf8) }
      if line.isEmpty, !event.name.isEmpty { return event }
    }
  }

  @Test func aReaderGetsAllStatesAtFirst() throws {
    let server = try RunningServer()
    let connection = try connect(server)
    let events = try (0..<3).map { _ in try next(connection) }
    #expect(events.map(\.name) == ["streams", "styles", "training"])
    for event in events.dropFirst() {
      let answer = try server.ask("GET", "/api/\(event.name)")
      #expect(Data(answer.body) == event.data, "\(event.name)")
    }
    let streams = try JSONDecoder().decode(Streams.self, from: events[0].data).streams
    #expect(streams.count == 2 && streams[0].styles.map(\.name) == ["first"])
  }

  @Test func changesAreSentToAllReaders() throws {
    let server = try RunningServer()
    let readers = try [connect(server), connect(server)]
    #expect(try server.change(#"{"strength":0.25}"#).status == 200)
    try server.folder.write([1], to: "third.safetensors")
    for reader in readers {
      var strength = 1.0
      var styles = ""
      while strength != 0.25 || !styles.contains("third") {
        let event = try next(reader)
        if event.name == "streams" {
          strength = try JSONDecoder().decode(Streams.self, from: event.data).streams[0].strength
        }
        if event.name == "styles" { styles = String(decoding: event.data, as: UTF8.self) }
      }
    }
  }

  @Test func theNumberOfReadersIsLimited() throws {
    let server = try RunningServer(options: .init(port: 0, maximumViewerCount: 1))
    var first: Connection? = try connect(server)
    #expect(try server.ask("GET", "/api/events").status == 503)
    withExtendedLifetime(first) {}
    first = nil
    // The server notices with the next event.
    for _ in 0..<1200 {
      let connection = try server.connect("/api/events")
      if try connection.takeHead().status == 200 { return }
      usleep(50_000)
    }
    Issue.record("the place of a reader that is gone stays taken")
  }

  @Test func theServerStopsWhileSomebodyReads() throws {
    let server = try RunningServer()
    let connection = try connect(server)
    _ = try next(connection)
    server.server.stop()
    #expect(throws: Connection.Ended.self) { while true { _ = try next(connection) } }
  }
}
