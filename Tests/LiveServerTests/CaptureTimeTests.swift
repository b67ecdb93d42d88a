import FFmpeg
import LiveServer
import Streaming
import Testing

/// Tests the times that pages give to the frames of their cameras.
@Suite struct CaptureTimeTests {
  /// Returns a grey JPEG image.
  private func picture(width: Int) throws -> [UInt8] {
    let format = VideoFormat(width: width, height: 48, pixelFormat: .yuvj420p)
    let frame = try Frame(format)
    for plane in 0..<3 {
      let rows = plane == 0 ? 48 : 24
      frame.plane(plane)?.update(repeating: 128, count: frame.stride(plane) * rows)
    }
    return try Encoder(EncoderSettings(codec: "mjpeg", format: format, quantizer: 5)).encodeStill(frame)
  }

  private func post(_ frames: PostedFrames, width: Int, captured: Int64?) throws {
    try picture(width: width).withUnsafeBytes { try frames.post($0, owner: "a", captured: captured) }
  }

  @Test func delaysCountFromTheCapture() throws {
    let frames = PostedFrames()
    let captured = ContinuousClock.now - .milliseconds(300)
    try post(frames, width: 64, captured: ServerClock.microseconds(of: captured))
    let source = try frames.open(interrupt: { false })
    #expect(try source.read(into: Frame()))
    // A time in microseconds is rounded to a double's precision of a quarter of one.
    #expect(abs(source.latestArrival.duration(to: captured) / .microseconds(1)) < 5)
  }

  /// A time of another clock would make delays that nobody has.
  @Test(arguments: [Int64.min, 0, -6_000_000, 2_000_000, .max])
  func impossibleTimesAreThoseOfTheArrival(shift: Int64) throws {
    let frames = PostedFrames()
    let before = ContinuousClock.now
    let isRelative = shift != 0 && (-10_000_000...10_000_000).contains(shift)
    let time = isRelative ? ServerClock.microseconds(of: before) + shift : shift
    try post(frames, width: 64, captured: time)
    let source = try frames.open(interrupt: { false })
    #expect(try source.read(into: Frame()))
    #expect(source.latestArrival >= before && source.latestArrival <= .now)
  }

  /// Two frames are on their way at a time, and the second may arrive first.
  @Test func aFrameThatArrivesLateIsDropped() throws {
    let frames = PostedFrames()
    let now = ServerClock.microseconds(of: .now)
    try post(frames, width: 64, captured: now - 50_000)
    let source = try frames.open(interrupt: { false })
    let frame = try Frame()
    #expect(try source.read(into: frame) && frame.width == 64)
    try post(frames, width: 96, captured: now - 10_000)
    try post(frames, width: 80, captured: now - 30_000)
    #expect(try source.read(into: frame) && frame.width == 96)
    try post(frames, width: 112, captured: now)
    #expect(try source.read(into: frame) && frame.width == 112)
  }

  @Test func aTimeThatIsNoNumberIsRefused() throws {
    let server = try RunningServer()
    let answer = try server.ask(
      "POST", "/api/streams/camera/frames?page=a&captured=soon", type: "image/jpeg", body: picture(width: 64))
    #expect(answer.status == 400 && answer.text.contains("captured"))
  }
}
