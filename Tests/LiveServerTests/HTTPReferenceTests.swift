import Foundation
import LiveServer
import TestSupport
import Testing

/// Compares docs/openapi.json with the server.
@Suite struct HTTPReferenceTests {
  private let document: [String: Any]

  init() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/openapi.json")
    let json = try JSONSerialization.jsonObject(with: try Data(contentsOf: file.standardizedFileURL))
    document = try #require(json as? [String: Any])
  }

  /// The document's operations by method and path.
  private var operations: [String: [String: Any]] {
    let paths = document["paths"] as? [String: [String: [String: Any]]] ?? [:]
    let pairs = paths.flatMap { path, methods in methods.map { ("\($0.key.uppercased()) \(path)", $0.value) } }
    return Dictionary(uniqueKeysWithValues: pairs)
  }

  /// Returns the differences between `answer` and the document's description of `operation`.
  private func faults(_ answer: Response, to operation: String) throws -> [String] {
    let schema = JSONSchema(document: document)
    let responses = try #require(operations[operation]?["responses"] as? [String: [String: Any]], "\(operation)")
    guard var response = responses["\(answer.status)"] else { return ["\(operation) does not list \(answer.status)"] }
    if let reference = response["$ref"] as? String { response = try schema.resolve(reference) }
    guard let content = response["content"] as? [String: [String: Any]] else {
      return answer.body.isEmpty ? [] : ["\(operation) has no content for \(answer.status)"]
    }
    let type = answer.headers["content-type"]?.split(separator: ";").first.map(String.init) ?? ""
    guard let body = content[type] else { return ["\(operation) answers with '\(type)'"] }
    guard type == "application/json" else { return [] }
    let value = try JSONSerialization.jsonObject(with: Data(answer.body))
    return try schema.faults(of: value, as: try #require(body["schema"] as? [String: Any]))
  }

  @Test func theDocumentListsExactlyTheServersRoutes() throws {
    let server = try LiveServer(.init(), streams: [], catalog: StyleCatalog(folders: []))
    #expect(Set(server.routes) == Set(operations.keys))
    #expect(server.routes.count > 10)
  }

  /// Every operation of the document reaches its route, and no path takes more methods than the document has.
  @Test func everyOperationAnswers() throws {
    let server = try RunningServer()
    var methods: [String: Set<String>] = [:]
    for operation in operations.keys {
      let words = operation.split(separator: " ").map(String.init)
      methods[words[1], default: []].insert(words[0])
    }
    for (path, listed) in methods {
      let place = path.replacing("{id}", with: path.contains("streams") ? "1" : "none").replacing(
        "{name}", with: "second"
      ).replacing("{file}", with: "app.js")
      let allowed = try server.ask("OPTIONS", place).headers["allow"] ?? ""
      let implied: Set<String> = listed.contains("GET") ? ["HEAD", "OPTIONS"] : ["OPTIONS"]
      #expect(Set(allowed.split(separator: ", ").map(String.init)) == listed.union(implied), "\(path)")
      for method in listed {
        let connection = try Connection(port: server.port)
        try connection.send("\(method) \(place) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".utf8)
        let (status, headers) = try connection.takeHead()
        let responses = operations["\(method) \(path)"]?["responses"] as? [String: Any] ?? [:]
        #expect(responses["\(status)"] != nil && status != 405, "\(method) \(place): \(status) \(headers)")
      }
    }
  }

  @Test func aRefusedMethodMatchesTheDocument() throws {
    let server = try RunningServer()
    for operation in ["GET /", "GET /api/streams", "POST /api/session"] {
      let path = String(operation.split(separator: " ")[1])
      #expect(try faults(server.ask("PUT", path), to: operation) == [])
    }
  }

  @Test func operationNamesAreUnique() {
    let names = operations.values.compactMap { $0["operationId"] as? String }
    #expect(names.count == operations.count && Set(names).count == names.count)
  }

  @Test(arguments: [
    ("GET /", "/"), ("GET /page/{file}", "/page/app.js"), ("GET /page/{file}", "/page/none"),
    ("GET /healthz", "/healthz"),
    ("GET /metrics", "/metrics"), ("GET /api/streams", "/api/streams"), ("GET /api/streams/{id}", "/api/streams/1"),
    ("GET /api/streams/{id}", "/api/streams/none"), ("GET /api/styles", "/api/styles"),
    ("GET /api/styles/{name}/picture", "/api/styles/second/picture"),
    ("GET /api/styles/{name}/picture", "/api/styles/first/picture"), ("GET /api/training", "/api/training"),
    ("GET /api/training/{id}/preview", "/api/training/none/preview"),
    ("GET /api/streams/{id}/video.mp4", "/api/streams/1/video.mp4?view=other"), ("GET /api/clock", "/api/clock"),
    ("GET /api/streams/{id}/video.chunks", "/api/streams/1/video.chunks?view=other"),
  ])
  func responsesMatchTheDocument(operation: String, path: String) throws {
    let server = try RunningServer()
    try server.wait { $0.statistics.framesOut > 0 }
    #expect(try faults(server.ask("GET", path), to: operation) == [])
    #expect(try faults(server.ask("GET", path, headers: ["Host": "evil.example"]), to: operation) == [])
  }

  @Test func aStreamWithACanvasMatchesTheDocument() throws {
    let server = try RunningServer(hasCanvas: true)
    let change = #"{"styles":[{"name":"canvas","share":1}],"strokeSize":200,"strength":0.5,"fade":0}"#
    #expect(try faults(server.change(change), to: "POST /api/streams/{id}") == [])
    try server.wait { $0.statistics.canvasWidth != nil }
    let answer = try server.ask("GET", "/api/streams/1")
    #expect(answer.text.contains("strokeSize") && answer.text.contains("canvasWidth"))
    #expect(try faults(answer, to: "GET /api/streams/{id}") == [])
  }

  @Test func rejectedRequestsMatchTheDocument() throws {
    let server = try RunningServer()
    for change in [#"{"strength":2}"#, "{", #"{"styles":[{"name":"none","share":1}]}"#, #"{"strokeSize":"large"}"#] {
      #expect(try faults(server.change(change), to: "POST /api/streams/{id}") == [], "\(change)")
    }
    let frames = "POST /api/streams/{id}/frames"
    for (path, type) in [
      ("1/frames?page=a", "image/jpeg"), ("camera/frames?page=a", "text/plain"), ("camera/frames", "image/jpeg"),
      ("camera/frames?page=a", "image/jpeg"),
    ] {
      let answer = try server.ask("POST", "/api/streams/\(path)", type: type, body: [1, 2, 3])
      #expect(answer.status >= 400, "\(path)")
      #expect(try faults(answer, to: frames) == [], "\(path)")
    }
    #expect(
      try faults(server.ask("POST", "/api/training", type: "image/png", body: [1]), to: "POST /api/training") == [])
    #expect(try faults(server.ask("DELETE", "/api/training/none"), to: "DELETE /api/training/{id}") == [])
    #expect(try faults(server.ask("POST", "/api/session"), to: "POST /api/session") == [])
  }

  /// The server understands every key of the schema, each on its own and only with its own type.
  @Test func everyPropertyOfAChangeIsAccepted() throws {
    let server = try RunningServer(hasCanvas: true)
    let change = try JSONSchema(document: document).resolve("#/components/schemas/Change")
    let properties = try #require(change["properties"] as? [String: Any])
    let samples = [
      "styles": #"[{"name":"canvas","share":1}]"#, "strokeSize": #""small""#, "strength": "0.5",
      "preserveColors": "true", "fade": "0",
    ]
    #expect(Set(samples.keys) == Set(properties.keys))
    // Set the styles first, because strokes need a canvas.
    for (key, value) in samples.sorted(by: { $0.key == "styles" ? true : $1.key == "styles" ? false : $0.key < $1.key })
    {
      #expect(try server.change("{\"\(key)\":\(value)}").status == 200, "\(key)")
      #expect(try server.change("{\"\(key)\":{}}").status == 400, "\(key)")
    }
  }
}
