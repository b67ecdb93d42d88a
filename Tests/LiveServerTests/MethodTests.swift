import Foundation
import LiveServer
import TestSupport
import Testing

/// Methods, paths and errors that all routes have in common.
@Suite struct MethodTests {
  private struct Failure: Decodable {
    struct Fault: Decodable {
      var field: String?
      var message: String
    }

    var error: Fault
  }

  private func head(_ server: RunningServer, _ path: String) throws -> (status: Int, headers: [String: String]) {
    let connection = try Connection(port: server.port)
    try connection.send("HEAD \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
    let head = try connection.takeHead()
    #expect(throws: Connection.Ended.self) { try connection.take(1) }
    return head
  }

  @Test func headHasTheHeadersOfGet() throws {
    let server = try RunningServer()
    for path in ["/", "/page/app.js", "/api/styles", "/api/styles/second/picture", "/healthz"] {
      let (status, headers) = try head(server, path)
      let get = try server.ask("GET", path)
      #expect(status == 200 && headers["content-type"] == get.headers["content-type"], "\(path)")
      #expect(headers["content-length"] == "\(get.body.count)", "\(path)")
    }
    #expect(try head(server, "/api/events").headers["content-type"] == "text/event-stream")
    #expect(try head(server, "/none").status == 404)
    // Nobody is left behind as a viewer.
    #expect(try head(server, "/api/streams/1/video.mp4").status == 200)
    try server.wait { $0.viewers == 0 }
  }

  @Test func optionsListsTheMethods() throws {
    let server = try RunningServer()
    for (path, methods) in [
      ("/", "GET, HEAD, OPTIONS"), ("/api/streams/1", "GET, HEAD, OPTIONS, POST"),
      ("/api/training/x", "DELETE, OPTIONS"), ("/api/session", "OPTIONS, POST"),
    ] {
      let answer = try server.ask("OPTIONS", path)
      #expect(answer.status == 204 && answer.headers["allow"] == methods, "\(path)")
    }
    #expect(try server.ask("OPTIONS", "/none").status == 404)
  }

  @Test func otherMethodsAreRefusedWithThoseThatAreAllowed() throws {
    let server = try RunningServer()
    for (method, path) in [
      ("PUT", "/api/streams/1"), ("DELETE", "/page/app.js"), ("POST", "/api/events"), ("PATCH", "/"),
    ] {
      let answer = try server.ask(method, path)
      #expect(answer.status == 405, "\(method) \(path)")
      #expect(answer.headers["allow"] == (try server.ask("OPTIONS", path).headers["allow"]))
      #expect(try answer.json(Failure.self).error.message.contains(method))
    }
  }

  @Test(arguments: [
    (#"{"strenght":0.5}"#, "strenght"), (#"{"strength":"a"}"#, "strength"), (#"{"strength":2}"#, "strength"),
    (#"{"fade":-1}"#, "fade"), (#"{"styles":"first"}"#, "styles"), (#"{"styles":[]}"#, "styles"),
    (#"{"styles":[{"name":"first"}]}"#, "styles[0].share"),
    (#"{"styles":[{"name":"first","share":1},{"name":"second","share":-1}]}"#, "styles[1].share"),
    (#"{"styles":[{"name":"first","share":1,"weight":2}]}"#, "styles[0].weight"),
    (#"{"styles":[{"name":"none","share":1}]}"#, "styles"), (#"{"strokeSize":"huge"}"#, "strokeSize"),
    (#"{"preserveColors":1.5}"#, "preserveColors"),
  ])
  func errorsNameTheField(change: String, field: String) throws {
    let answer = try RunningServer().change(change)
    #expect((400...499).contains(answer.status))
    let fault = try answer.json(Failure.self).error
    #expect(fault.field == field && !fault.message.isEmpty, "\(fault)")
  }

  @Test func everyErrorHasAMessage() throws {
    let server = try RunningServer()
    let type = "application/json"
    let large = [UInt8](repeating: 32, count: 20_000)
    let answers = [
      try server.ask("GET", "/none"), try server.ask("POST", "/api/streams/1", type: type, body: large),
      try server.ask("POST", "/api/streams/1", type: type, body: "{".utf8),
      try server.ask("POST", "/api/streams/1", type: "text/plain", body: "{}".utf8),
      try server.ask("GET", "/api/streams/none"), try server.ask("GET", "/", headers: ["Host": "evil.example"]),
    ]
    #expect(answers.map(\.status) == [404, 413, 400, 415, 404, 421])
    for answer in answers { #expect(try !answer.json(Failure.self).error.message.isEmpty, "\(answer.status)") }
  }

  @Test(arguments: ["GARBAGE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nHost localhost\r\n\r\n"])
  func bytesThatAreNoRequestAreRefusedWithAReason(bytes: String) throws {
    let server = try RunningServer()
    let connection = try Connection(port: server.port)
    try connection.send(bytes.utf8)
    let head = try connection.takeHead()
    #expect(head.status == 400 && head.headers["content-type"] == "application/json")
    let body = try connection.take(head.headers["content-length"].flatMap { Int($0) } ?? 0)
    let fault = try JSONDecoder().decode(Failure.self, from: Data(body)).error
    #expect(fault.field == nil && fault.message == "the bytes are not an HTTP request")
    #expect(throws: Connection.Ended.self) { try connection.take(1) }
  }

  /// The client announces more than it sends: a server that reads the body would wait.
  @Test func bodiesThatNobodyNeedsAreNotRead() throws {
    let server = try RunningServer()
    for (path, status) in [("/none", 404), ("/page/app.js", 405), ("/api/training", 404)] {
      let connection = try Connection(port: server.port)
      try connection.send("POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\nabc".utf8)
      let head = try connection.takeHead()
      #expect(head.status == status && head.headers["connection"] == "close", "\(path)")
      _ = try connection.take(head.headers["content-length"].flatMap { Int($0) } ?? 0)
      #expect(throws: Connection.Ended.self, "\(path)") { try connection.take(1) }
    }
  }

  @Test func messagesHaveNoFolders() throws {
    let server = try RunningServer { _ in
      throw MediaFault(text: "cannot read '/home/someone/My Films/film.mp4': no such file, see http://host/help")
    }
    let state = try server.wait { $0.failure != nil }
    #expect(state.failure == "cannot read 'film.mp4': no such file, see http://host/help")
    // A damaged model.
    try server.folder.write([1, 2, 3], to: "broken.safetensors")
    sleep(2)
    let answer = try server.change(#"{"styles":[{"name":"broken","share":1}]}"#)
    #expect(answer.status == 422 && answer.text.contains("broken") && !answer.text.contains(server.folder.path))
  }

  private struct MediaFault: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
  }
}
