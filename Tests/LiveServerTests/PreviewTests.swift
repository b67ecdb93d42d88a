import FFmpeg
import Foundation
import LiveServer
import Streaming
import TestSupport
import Testing
import Threading

/// Small pictures of a stream in each style.
@Suite struct PreviewTests {
  /// Asks until there is a preview: the machine may be too busy at first.
  private func preview(_ server: RunningServer, _ style: String) throws -> Response {
    for _ in 0..<1200 {
      let answer = try server.ask("GET", "/api/streams/1/preview?style=\(style)")
      if answer.status != 503 { return answer }
      #expect(Int(answer.headers["retry-after"] ?? "") ?? 0 > 0)
      usleep(100_000)
    }
    throw RunningServer.TimeoutError()
  }

  @Test func aPreviewShowsTheSourceInTheStyle() throws {
    let server = try RunningServer(size: (640, 480), interval: 100_000)
    try server.wait { $0.statistics.framesOut > 0 }
    var pictures: [[UInt8]] = []
    for style in ["first", "second"] {
      let answer = try preview(server, style)
      #expect(answer.status == 200 && answer.headers["content-type"] == "image/jpeg")
      let frame = try decode(answer.body)
      #expect(frame.width == 320 && frame.height == 240)
      pictures.append(answer.body)
    }
    #expect(pictures[0] != pictures[1])
    // A preview is kept for a while, although the source shows something else in every frame.
    #expect(try preview(server, "first").body == pictures[0])
    #expect(try server.ask("GET", "/api/streams/1/preview?style=none").status == 404)
    #expect(try server.ask("GET", "/api/streams/1/preview").status == 404)
    #expect(try server.ask("GET", "/api/streams/none/preview?style=first").status == 404)
  }

  @Test func withoutAFrameThereIsNoPreview() throws {
    let server = try RunningServer()
    let answer = try server.ask("GET", "/api/streams/camera/preview?style=first")
    #expect(answer.status == 503 && answer.text.contains("no frame"))
  }

  private func decode(_ jpeg: [UInt8]) throws -> Frame {
    let decoder = try Decoder(codec: "mjpeg", named: "the preview", maximumPixelCount: 1 << 20)
    _ = try jpeg.withUnsafeBytes { try decoder.send(Packet(bytes: $0)) }
    let frame = try Frame()
    #expect(try decoder.receive(into: frame) == .output)
    return frame
  }

  @Test(arguments: [
    (1280, 720, 320, 180), (720, 1280, 180, 320), (64, 48, 320, 240), (4000, 100, 320, 32), (0, 0, 32, 32),
  ])
  func thePreviewKeepsTheProportions(width: Int, height: Int, expectedWidth: Int, expectedHeight: Int) {
    let size = PreviewPainting(width: width, height: height, longSide: 320)
    #expect(size.width == expectedWidth && size.height == expectedHeight)
  }
}
