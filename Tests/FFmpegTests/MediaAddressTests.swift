import FFmpeg
import TestSupport
import Testing

@Suite struct MediaAddressTests {
  @Test func namesDetermineTheKind() throws {
    let folder = try TemporaryFolder()
    let real = try folder.write([1], to: "100%05d.mp4")
    let kinds: [(String, MediaKind)] = [
      ("a.mp4", .file), ("./concat:a.mp4", .file), ("concat:a.mp4", .file), ("file:a", .file), ("://x", .file),
      ("a b://c", .file), ("-", .standardStream), ("./-", .file), ("udp://1.2.3.4:5", .network),
      ("https://example.com/a%05d.ts", .network), ("rtmp+tls://x", .network), ("f/%05d.png", .imageSequence),
      ("f/%d.jpg", .imageSequence), ("100%.mp4", .file), (real, .file),
    ]
    for (name, kind) in kinds { #expect(try MediaSource(name).kind == kind, "\(name)") }
    #expect(try MediaSource("udp://1.2.3.4:5").isLive && !MediaSource("-").isLive && !MediaSource("a").isLive)
    for name in ["udp://1.2.3.4:5", "tcp://h:1?listen=1", "srt://h:1?latency=20&mode=listener", "rtp://1.2.3.4:5"] {
      #expect(try MediaSource(name).waitsForSender, "\(name)")
    }
    #expect(try MediaSource("rtmp://h/a", options: ["listen": "1"]).waitsForSender)
    for name in ["rtmp://h/a", "srt://h:1?mode=caller", "a?listen=1", "-", "rtsp://h/a?listen=0"] {
      #expect(try !MediaSource(name).waitsForSender, "\(name)")
    }
    #expect(try MediaSource("RTMP://host/app").scheme == "rtmp" && MediaSource("a b://c").scheme == nil)
    #expect(MediaSource(file: "rtmp://host/app").scheme == nil)
    #expect(try MediaSource("-").displayName == "standard input")
    // A file on a server can be read ahead; a broadcast arrives in real time.
    #expect(try MediaSource("http://x/a.mp4").isReadAhead && !MediaSource("srt://x:1").isReadAhead)
  }

  /// libav would write out all digits, which takes it seconds.
  @Test func numbersThatFitInNoFileNameAreRefused() throws {
    for digits in ["256", "0999999999", "99999999999999999999999"] {
      for name in ["f/%\(digits)d.png", "%\(digits)d", "udp://h/%1d%\(digits)d"] {
        #expect(throws: MediaError.self) { try MediaSource(name) }
        #expect(throws: MediaError.self) { try MediaTarget(name, format: "image2") }
      }
    }
    #expect(try MediaTarget("f/%0255d.png").kind == .imageSequence)
    #expect(try MediaSource("f/%999999999x.png").kind == .file)
  }

  @Test func targetsDetermineTheContainer() throws {
    let formats = [
      "a.mp4": "mp4", "a.mkv": "matroska", "-": "nut", "udp://1.2.3.4:5": "mpegts", "srt://h:5": "mpegts",
      "rtmp://h/a": "flv", "rtsp://h/a": "rtsp", "f/%05d.png": "image2", "a.m3u8": "hls", "http://h/a.mp4": "mp4",
    ]
    for (name, format) in formats { #expect(try MediaTarget(name).format == format, "\(name)") }
    #expect(try MediaTarget("-", format: "yuv4mpegpipe").format == "yuv4mpegpipe")
    let files = ["a.mp4": true, "a.m3u8": false, "-": false, "f/%05d.png": false, "udp://h:1": false]
    for (name, isSingle) in files { #expect(try MediaTarget(name).isSingleFile == isSingle, "\(name)") }
  }

  @Test func camerasAreDevices() throws {
    let camera = try MediaTarget("/dev/video9")
    #expect(camera.kind == .device && camera.format == "v4l2" && !camera.isSingleFile)
    #expect(try MediaTarget("/tmp/pipe", format: "v4l2").kind == .device)
    #expect(try MediaTarget("/dev/video9", format: "mpegts").kind == .file)
  }

  @Test func errorsNameWhatLibavLacks() throws {
    func description(_ body: () throws -> Void) -> String {
      do { try body() } catch { return "\(error)" }
      return "no error"
    }
    #expect(description { _ = try MediaSource("a", format: "no-such") }.contains("no input format 'no-such'"))
    #expect(description { _ = try MediaTarget("a.mp4", format: "no-such") }.contains("no output format 'no-such'"))
    #expect(description { _ = try MediaTarget("http://h/a") }.contains("no container"))
    #expect(description { _ = try Demuxer(MediaSource("foo://bar")) }.contains("no protocol 'foo'"))
    #expect(
      description { _ = try Muxer(MediaTarget("foo://bar", format: "nut")) }.contains("no protocol 'foo'"))
  }

  @Test func errorsNameUnknownOptions() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.mkv")
    let muxer = try Muxer(MediaTarget(path, options: ["cluster_time_limit": "100", "no_such": "1"]))
    #expect(muxer.foreignOptions == ["no_such": "1"])
    let format = VideoFormat(width: 16, height: 16, pixelFormat: .yuvj420p, color: .jpeg)
    let encoder = try Encoder(EncoderSettings(codec: "mjpeg", format: format))
    _ = try muxer.addStream(encoder: encoder)
    try muxer.writeHeader()
    let frame = try Frame(format)
    frame.pts = 0
    _ = try encoder.send(frame)
    let packet = try Packet()
    #expect(try encoder.receive(into: packet) == .output)
    packet.streamIndex = 0
    try muxer.write(packet)
    try muxer.finish()
    let error = #expect(throws: MediaError.self) {
      try Demuxer(MediaSource(path, options: ["no_such": "1"]))
    }
    #expect(error?.message.contains("'no_such'") == true)
    #expect(try Demuxer(MediaSource(path, options: ["probesize": "100000"])).streams.count == 1)
  }

  /// Loads libavdevice, which is not linked.
  @Test func opensDevices() throws {
    let source = try MediaSource("testsrc2=size=32x16:rate=5:duration=1", format: "lavfi")
    #expect(source.kind == .device && source.isLive)
    let frame = try Demuxer(source).firstFrame()
    #expect(frame.width == 32 && frame.height == 16)
  }
}
