import Foundation
import LiveServer
import Testing

@Suite(.serialized) struct ViewerTests {
  @Test func aSlowViewerSkipsAheadAndDelaysNobody() throws {
    // Noise does not compress: about 6 MB/s.
    let server = try RunningServer(size: (480, 320), interval: 20_000)
    _ = try server.change(#"{"strength":0}"#)
    let slow = try server.connect("/api/streams/1/video.mp4", receiveBuffer: 16_384)
    #expect(try slow.takeHead().status == 200)
    let quick = try server.connect("/api/streams/1/video.mp4")
    #expect(try quick.takeHead().status == 200)
    #expect(try quick.takeBox().type == "ftyp")
    // The fast viewer receives everything without a gap until the slow one has lost segments.
    var boxes = 0
    var times: [UInt64] = []
    while try times.count <= 10 || boxes % 50 != 0 || server.state().skipped == 0 {
      let box = try quick.takeBox()
      if let time = box.time { times.append(time) }
      boxes += 1
      try #require(boxes < 100_000)
    }
    let gaps = zip(times, times.dropFirst()).filter { $1 <= $0 }
    #expect(gaps.isEmpty)
    // The slow viewer continues with whole boxes, in increasing order, and has missed some.
    var found: [UInt64] = []
    var hasJumped = false
    while !hasJumped {
      let box = try slow.takeBox()
      #expect(["ftyp", "moov", "prft", "moof", "mdat", "free"].contains(box.type))
      guard let time = box.time else { continue }
      if let last = found.last {
        #expect(time > last)
        // Without a loss, each fragment starts within a few frames of the previous one. Data that waits for 200 ms is
        // dropped.
        hasJumped = time - last > 90_000 / 6
      }
      found.append(time)
    }
    #expect(try server.state().viewers == 2)
  }

  @Test func twoHundredViewersShareOneEncoding() throws {
    let server = try RunningServer()
    let viewers = try (0..<200).map { number in
      try server.connect("/api/streams/1/video.\(number % 4 == 0 ? "mjpeg" : "mp4")")
    }
    for viewer in viewers { #expect(try viewer.takeHead().status == 200) }
    #expect(try server.state().viewers == 200)
    for (number, viewer) in viewers.enumerated() {
      if number % 4 == 0 {
        #expect(try viewer.takePicture().starts(with: [0xFF, 0xD8]))
      } else {
        while try viewer.takeBox().type != "mdat" {}
      }
    }
    let count = try server.state().statistics.framesOut
    try server.wait { $0.statistics.framesOut > count + 10 }
  }

  @Test func theNumberOfViewersIsLimited() throws {
    let server = try RunningServer(options: .init(port: 0, maximumViewerCount: 2))
    do {
      let viewers = try (0..<2).map { _ in try server.connect("/api/streams/1/video.mp4") }
      for viewer in viewers { #expect(try viewer.takeHead().status == 200) }
      #expect(try server.ask("GET", "/api/streams/1/video.mp4").status == 503)
      // Other requests still succeed.
      #expect(try server.ask("GET", "/api/streams").status == 200)
    }
    try server.wait { $0.viewers == 0 }
    #expect(try server.connect("/api/streams/1/video.mp4").takeHead().status == 200)
  }

  @Test(arguments: [
    "GARBAGE\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nHost 127.0.0.1\r\n\r\n",
    "POST /api/streams/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
    "POST /api/streams/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "GET /\u{0}\u{1}\u{2} HTTP/1.1\r\nHost: localhost\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}",
  ])
  func malformedRequestsAffectOnlyTheirConnection(text: String) throws {
    let server = try RunningServer()
    let connection = try Connection(port: server.port)
    try connection.send(text.utf8)
    // The server responds with an error or closes the connection. It does not respond to an incomplete line.
    if text.hasSuffix("\n"), let head = try? connection.takeHead() {
      #expect((400..<500).contains(head.status), "\(text)")
    }
    #expect(try server.ask("GET", "/healthz").status == 200)
  }

  @Test func headersAreLimited() throws {
    let server = try RunningServer()
    let connection = try Connection(port: server.port)
    let lines = (0..<2000).map { "X-\($0): \(String(repeating: "a", count: 100))\r\n" }.joined()
    do {
      try connection.send("GET / HTTP/1.1\r\nHost: localhost\r\n\(lines)\r\n".utf8)
      #expect(try (400..<500).contains(connection.takeHead().status))
    } catch is Connection.Ended {
      // The server closed the connection before it had read all headers.
    }
    #expect(try server.ask("GET", "/healthz").status == 200)
  }
}
