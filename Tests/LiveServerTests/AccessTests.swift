import Foundation
import LiveServer
import Testing

@Suite struct AccessTests {
  @Test func unknownHostsAreRejected() throws {
    let server = try RunningServer(options: .init(port: 0, hosts: ["studio.example"]))
    func status(_ host: String) throws -> Int { try server.ask("GET", "/api/streams", headers: ["Host": host]).status }
    for host in [
      "127.0.0.1", "127.0.0.1:\(server.port)", "localhost", "LOCALHOST:80", "[::1]:8080", "studio.example:443",
    ] {
      #expect(try status(host) == 200, "\(host)")
    }
    // An unknown name belongs to another site that resolves to this address. A foreign address is not this server's.
    for host in [
      "evil.example", "localhost.evil.example", "192.0.2.7", "127.0.0.1.evil.example", "127.0.0.1@evil", "[::1", ":80",
    ] {
      #expect(try status(host) == 421, "\(host)")
    }
  }

  @Test func otherSitesAreRejected() throws {
    let server = try RunningServer()
    func status(_ method: String, _ path: String, _ headers: [String: String]) throws -> Int {
      try server.ask(method, path, headers: headers, type: "application/json", body: "{}".utf8).status
    }
    let own = "http://127.0.0.1:\(server.port)"
    #expect(try status("POST", "/api/streams/1", [:]) == 200)
    #expect(try status("POST", "/api/streams/1", ["Origin": own]) == 200)
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1", own + ".evil.example", "file://"] {
      #expect(try status("POST", "/api/streams/1", ["Origin": origin]) == 403, "\(origin)")
      #expect(try status("DELETE", "/api/training/1", ["Origin": origin]) == 403, "\(origin)")
    }
    #expect(try status("GET", "/api/streams", ["Sec-Fetch-Site": "same-origin"]) == 200)
    #expect(try status("GET", "/api/streams", ["Sec-Fetch-Site": "cross-site"]) == 403)
    #expect(try status("GET", "/api/streams/1/video.mjpeg", ["Sec-Fetch-Site": "same-site"]) == 403)
    // Links to the page are allowed.
    #expect(try status("GET", "/", ["Sec-Fetch-Site": "cross-site"]) == 200)
    // Forms of other sites can have these media types only.
    for type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
      #expect(try server.ask("POST", "/api/streams/1", type: type, body: "{}".utf8).status == 415)
    }
  }

  @Test func everyResponseForbidsFramingAndSniffing() throws {
    let server = try RunningServer()
    for (path, status) in [
      ("/", 200), ("/page/app.js", 200), ("/page/app.css", 200), ("/api/streams", 200), ("/none", 404),
    ] {
      let answer = try server.ask("GET", path)
      #expect(answer.status == status, "\(path)")
      #expect(
        answer.headers["x-content-type-options"] == "nosniff" && answer.headers["x-frame-options"] == "DENY", "\(path)")
      let policy = try #require(answer.headers["content-security-policy"])
      #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"))
      #expect(!policy.contains("unsafe") && !policy.contains("http"), "no external or inline scripts")
    }
    let refused = try server.ask("GET", "/", headers: ["Host": "evil.example"])
    #expect(refused.headers["x-frame-options"] == "DENY")
    let page = try server.ask("GET", "/").text
    // Links lead elsewhere, but nothing is loaded from there.
    #expect(page.firstMatch(of: #/(src|<link[^>]*href)="https?:/#) == nil && !page.contains("onclick"))
  }

  @Test func publicAddressesRequireAToken() throws {
    for address in ["0.0.0.0", "192.0.2.7", "::", "studio.example"] {
      #expect(throws: LiveServerError.tokenMissing(address: address)) {
        try LiveServer(.init(address: address), streams: [], catalog: StyleCatalog(folders: []))
      }
    }
    #expect(throws: LiveServerError.tokenTooShort) {
      try LiveServer(.init(address: "0.0.0.0", token: "short"), streams: [], catalog: StyleCatalog(folders: []))
    }
    for address in ["127.0.0.1", "127.1.2.3", "localhost", "::1"] {
      _ = try LiveServer(.init(address: address), streams: [], catalog: StyleCatalog(folders: []))
    }
  }

  @Test func onlyTheTokenGrantsAccess() throws {
    let token = "a token of some length"
    let server = try RunningServer(options: .init(port: 0, token: token))
    // The page itself contains no secrets.
    for path in ["/", "/page/app.js", "/healthz"] { #expect(try server.ask("GET", path).status == 200) }
    let closed = [
      "/api/streams", "/api/streams/1", "/api/streams/1/video.mp4", "/api/styles", "/api/styles/second/picture",
      "/api/training", "/metrics",
    ]
    for path in closed { #expect(try server.ask("GET", path).status == 401, "\(path)") }
    for path in ["/api/streams/1", "/api/streams/camera/frames", "/api/training"] {
      #expect(try server.ask("POST", path, type: "application/json", body: "{}".utf8).status == 401, "\(path)")
    }
    func status(bearer: String) throws -> Int {
      try server.ask("GET", "/api/streams", headers: ["Authorization": "Bearer \(bearer)"]).status
    }
    #expect(try status(bearer: token) == 200)
    for wrong in ["", "a", token + "x", String(token.dropLast()), token.uppercased(), token + token, token + "\u{0}"] {
      #expect(try status(bearer: wrong) != 200, "\(wrong)")
    }
    #expect(try server.ask("GET", "/api/streams?token=a%20token%20of%20some%20length").status == 401)

    let login = try server.ask("POST", "/api/session", headers: ["Authorization": "Bearer \(token)"])
    #expect(login.status == 204)
    let cookie = try #require(login.headers["set-cookie"])
    #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains("token"))
    let pair = String(try #require(cookie.split(separator: ";").first))
    #expect(try server.ask("GET", "/api/streams", headers: ["Cookie": pair]).status == 200)
    #expect(try server.ask("GET", "/api/streams", headers: ["Cookie": pair + "0"]).status == 401)
    let metrics = try server.ask("GET", "/metrics", headers: ["Authorization": "Bearer \(token)"])
    #expect(metrics.status == 200 && !metrics.text.contains(token))
  }

  private static let token = "a token of some length"

  @Test(arguments: [("POST", "/api/session"), ("GET", "/api/streams")])
  func guessingIsLimitedForEachAddress(method: String, path: String) throws {
    let server = try RunningServer(options: .init(port: 0, token: Self.token))
    func status(_ token: String, client: UInt8 = 1) throws -> Int {
      try server.ask(method, path, headers: ["Authorization": "Bearer \(token)"], client: client).status
    }
    let session = try server.ask("POST", "/api/session", headers: ["Authorization": "Bearer \(Self.token)"])
    let cookie = String(try #require(session.headers["set-cookie"]?.split(separator: ";").first))
    let statuses = try (0..<40).map { try status("guess \($0)") }
    #expect(statuses.first == 401 && statuses.last == 429 && Set(statuses) == [401, 429])
    // The right token would tell a guesser that it is right.
    #expect(try status(Self.token) == 429)
    // The owner is not locked out: neither with a session nor at another address.
    #expect(try server.ask("GET", "/api/streams", headers: ["Cookie": cookie]).status == 200)
    #expect(try [200, 204].contains(status(Self.token, client: 2)))
  }

  @Test func idleConnectionsDoNotKeepAnyoneOut() throws {
    let server = try RunningServer(options: .init(port: 0, maximumViewerCount: 8))
    let idle = try (0..<300).map { _ in try Connection(port: server.port) }
    // One that has begun a request.
    try idle[299].send("GET / HTTP/1.1\r\n".utf8)
    for client: UInt8 in [1, 2] { #expect(try server.ask("GET", "/", client: client).status == 200) }
    // The oldest ones are closed, not the newest.
    #expect(throws: Connection.Ended.self) { try idle[0].take(1) }
    try idle[299].send("Host: localhost\r\n\r\n".utf8)
    #expect(try idle[299].takeHead().status == 200)
  }

  @Test func aClientCannotHaveAllConnections() throws {
    // At most 2 · 4 + 128 connections, of which one client may have 68.
    let server = try RunningServer(options: .init(port: 0, maximumViewerCount: 4))
    // Each is busy: it does not take its long response.
    let busy = try (0..<150).map { _ in
      let connection = try Connection(port: server.port, receiveBuffer: 4096)
      let request = "GET /page/app.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
      try? connection.send(String(repeating: request, count: 400).utf8)
      return connection
    }
    #expect(try server.ask("GET", "/", client: 2).status == 200)
    withExtendedLifetime(busy) {}
  }
}
