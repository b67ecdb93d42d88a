import Foundation
import LiveServer
import TestSupport
import Testing

/// The files of the page, as the server sends them.
@Suite struct PageTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Sources/LiveServer/Page").standardizedFileURL.path

  @Test func theServerHasExactlyTheFilesOfTheFolder() throws {
    let server = try RunningServer()
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder)
    #expect(names.count > 10)
    for name in names {
      let path = name == "index.html" ? "/" : "/page/\(name)"
      let answer = try server.ask("GET", path)
      #expect(answer.status == 200 && !answer.body.isEmpty, "\(name)")
      #expect(try answer.body == Array(Data(contentsOf: URL(filePath: "\(Self.folder)/\(name)"))), "\(name)")
      let type = name.hasSuffix("js") ? "text/javascript" : name.hasSuffix("css") ? "text/css" : "text/html"
      #expect(answer.headers["content-type"] == "\(type); charset=utf-8", "\(name)")
    }
    for path in ["/page/none.js", "/page/index.html", "/page/..%2Fapp.js", "/page/", "/page"] {
      #expect(try server.ask("GET", path).status == 404, "\(path)")
    }
  }

  /// Every file that a module or the document names exists.
  @Test func noModuleIsMissing() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder)
    var count = 0
    for name in names {
      let text = try String(contentsOfFile: "\(Self.folder)/\(name)", encoding: .utf8)
      let found = text.matches(of: #/(?:from |import |page\/)['"]?(?:\.\/)?([a-z-]+\.(?:js|css))/#).map { String($0.1) }
      count += found.count
      for other in found { #expect(names.contains(other), "\(name) names \(other)") }
    }
    #expect(count > 30)
  }

  @Test func clientsKeepFiles() throws {
    let server = try RunningServer()
    for path in ["/", "/page/app.js"] {
      let first = try server.ask("GET", path)
      let tag = try #require(first.headers["etag"])
      #expect(first.headers["cache-control"] == "no-cache")
      let second = try server.ask("GET", path, headers: ["If-None-Match": "\"x\", \(tag)"])
      #expect(second.status == 304 && second.body.isEmpty && second.headers["etag"] == tag)
      #expect(try server.ask("GET", path, headers: ["If-None-Match": "\"x\""]).status == 200)
    }
    #expect(try server.ask("GET", "/page/app.js").headers["etag"] != server.ask("GET", "/").headers["etag"])
  }
}
