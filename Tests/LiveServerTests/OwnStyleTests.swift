import Foundation
import LiveServer
import Networks
import TestSupport
import Testing

/// Styles that the server has trained: names, download, deletion.
@Suite struct OwnStyleTests {
  private struct Styles: Decodable {
    struct Style: Decodable {
      var name: String
      var isOwn: Bool
      var hasPaintingPicture: Bool
    }

    var styles: [Style]
  }

  private struct Streams: Decodable { var streams: [RunningServer.State] }

  /// A server with the styles `first` and `second` of the folder, and `mine` and `yours`, which a server has trained.
  private func makeServer() throws -> RunningServer {
    let server = try RunningServer(trainer: "#!/bin/sh\nexit 1\n", restsUnwatched: true)
    for (name, seed) in [("mine", UInt64(7)), ("yours", 8)] {
      try randomModel(seed: seed).save(path: server.folder.file("\(name).safetensors"))
      try server.folder.write([0xFF, 0xD8], to: "\(name).painting.jpg")
      try server.folder.write(Array("{\"style\" : \"\(name)\"}".utf8), to: "\(name).json")
    }
    let list = #"{"names":["mine","yours","gone"],"seconds":{"":61}}"#
    try server.folder.write(Array(list.utf8), to: ".trained-styles.json")
    for _ in 0..<100 where try styles(server).count < 4 { usleep(50_000) }
    return server
  }

  private func styles(_ server: RunningServer) throws -> [Styles.Style] {
    try server.ask("GET", "/api/styles").json(Styles.self).styles
  }

  private func rename(_ server: RunningServer, _ name: String, to other: String) throws -> Response {
    try server.ask("POST", "/api/styles/\(name)", type: "application/json", body: Array("{\"name\":\"\(other)\"}".utf8))
  }

  @Test func onlyTrainedStylesAreOwn() throws {
    let server = try makeServer()
    #expect(try styles(server).filter(\.isOwn).map(\.name) == ["mine", "yours"])
    #expect(try styles(server).filter(\.hasPaintingPicture).map(\.name) == ["mine", "yours"])
    #expect(try server.ask("GET", "/api/styles/mine/painting").body == [0xFF, 0xD8])
    for name in ["first", "second"] {
      #expect(try rename(server, name, to: "other").status == 403)
      #expect(try server.ask("DELETE", "/api/styles/\(name)").status == 403)
      #expect(try server.ask("GET", "/api/styles/\(name)/model").status == 403)
    }
    for name in ["none", "gone", "..%2Fmine"] {
      #expect(try rename(server, name, to: "other").status == 404)
      #expect(try server.ask("DELETE", "/api/styles/\(name)").status == 404)
    }
    #expect(server.folder.exists("first.safetensors") && server.folder.exists("second.safetensors"))
    #expect(try server.ask("GET", "/api/training").text.contains("\"usualSeconds\":61"))
  }

  @Test func aServerWithoutTrainingHasNoOwnStyles() throws {
    let server = try RunningServer()
    try server.folder.write(Array(#"{"names":["first"],"seconds":{}}"#.utf8), to: ".trained-styles.json")
    #expect(try styles(server).allSatisfy { !$0.isOwn })
    #expect(try server.ask("DELETE", "/api/styles/first").status == 403)
  }

  @Test func theModelCanBeDownloaded() throws {
    let server = try makeServer()
    let answer = try server.ask("GET", "/api/styles/mine/model")
    #expect(answer.status == 200)
    #expect(answer.headers["content-disposition"] == "attachment; filename=\"mine.safetensors\"")
    #expect(try answer.body == server.folder.bytes(of: "mine.safetensors"))
  }

  @Test func aStyleInUseGoesOnUnderItsOtherName() throws {
    let server = try makeServer()
    #expect(
      try server.change(#"{"styles":[{"name":"mine","share":0.25},{"name":"second","share":0.75}]}"#).status == 200)
    let answer = try rename(server, "mine", to: "sea-2")
    #expect(answer.status == 200)
    #expect(try answer.json(Streams.self).streams.first?.styles.map(\.name) == ["sea-2", "second"])
    #expect(try server.state().styles.map(\.share) == [0.25, 0.75])
    #expect(try styles(server).map(\.name) == ["first", "sea-2", "second", "yours"])
    #expect(try styles(server).filter(\.isOwn).map(\.name) == ["sea-2", "yours"])
    for file in ["safetensors", "json", "painting.jpg"] {
      #expect(server.folder.exists("sea-2.\(file)") && !server.folder.exists("mine.\(file)"))
    }
    #expect(try server.folder.bytes(of: "sea-2.json") == Array(#"{"style" : "sea-2"}"#.utf8))
  }

  @Test(arguments: ["", "-a", "A", "ä", "a b", "../a", "a.b", "a/b", String(repeating: "a", count: 41)])
  func namesAreChecked(name: String) throws {
    let server = try makeServer()
    let answer = try rename(server, "mine", to: name)
    #expect(answer.status == 400 && answer.text.contains("\"field\":\"name\""))
    #expect(server.folder.exists("mine.safetensors"))
  }

  @Test func aNameIsTakenOnce() throws {
    let server = try makeServer()
    try server.folder.write([], to: "left.md")
    for name in ["first", "yours", "mine", "left"] { #expect(try rename(server, "mine", to: name).status == 409) }
    #expect(server.folder.exists("mine.safetensors") && server.folder.exists("yours.safetensors"))
  }

  @Test func aDeletedStyleLeavesTheRestOfTheMixture() throws {
    let server = try makeServer()
    #expect(
      try server.change(#"{"styles":[{"name":"mine","share":0.25},{"name":"second","share":0.75}]}"#).status == 200)
    let answer = try server.ask("DELETE", "/api/styles/mine")
    #expect(answer.status == 200)
    #expect(try answer.json(Streams.self).streams.map { $0.styles.map(\.name) } == [["second"]])
    #expect(try styles(server).map(\.name) == ["first", "second", "yours"])
    for file in ["safetensors", "json", "painting.jpg"] { #expect(!server.folder.exists("mine.\(file)")) }
    #expect(try server.ask("DELETE", "/api/styles/mine").status == 404)
  }

  @Test func aStreamOfADeletedStyleReturnsToItsFirstStyle() throws {
    let server = try makeServer()
    #expect(try server.change(#"{"styles":[{"name":"yours","share":1}]}"#).status == 200)
    #expect(try server.ask("DELETE", "/api/styles/yours").status == 200)
    #expect(try server.state().styles.map(\.name) == ["first"])
    // No stream shows this one.
    #expect(try server.ask("DELETE", "/api/styles/mine").json(Streams.self).streams.isEmpty)
  }
}

extension TemporaryFolder {
  fileprivate func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }
}
