import FFmpeg
import TestSupport
import Testing

@Suite struct MuxerTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func encoder(_ codec: String = "mjpeg", color: ColorDescription = .jpeg) throws -> Encoder {
    let format = VideoFormat(width: 16, height: 16, pixelFormat: codec == "mjpeg" ? .yuvj420p : .yuv420p, color: color)
    return try Encoder(
      EncoderSettings(
        codec: codec, format: format, timeBase: Rational(1, 1000), frameRate: Rational(25, 1),
        sampleAspectRatio: Rational(4, 3), quantizer: codec == "mjpeg" ? 3 : nil))
  }

  /// Containers reject decoding times that do not increase, but damaged and joined files have such times.
  @Test func decodingTimesAreMadeToIncrease() throws {
    let path = folder.file("a.mov")
    let muxer = try Muxer(path: path)
    let encoder = try encoder()
    let stream = try muxer.addStream(encoder: encoder)
    try muxer.writeHeader()
    let packet = try Packet()
    let frame = try Frame(encoder.settings.format)
    for (index, time) in [0, 40, 40, nil, 30, 200].enumerated() as EnumeratedSequence<[Int64?]> {
      frame.pts = Int64(index)
      #expect(try encoder.send(frame))
      #expect(try encoder.receive(into: packet) == .output)
      packet.streamIndex = stream
      (packet.dts, packet.pts, packet.duration) = (time, time, 40)
      try muxer.write(packet)
    }
    #expect(muxer.repairedPacketCount == 3)
    packet.streamIndex = 7
    #expect(throws: MediaError.self) { try muxer.write(packet) }
    try muxer.finish()

    let demuxer = try Demuxer(path: path)
    var times: [Int64] = []
    while try demuxer.read(into: packet) { times.append(try #require(packet.dts)) }
    #expect(times.count == 6 && zip(times, times.dropFirst()).allSatisfy(<))
    #expect(demuxer.endRemark == nil)
    let base = try demuxer.bestVideoStream().timeBase
    #expect(base.rescale(try #require(times.last), to: Rational(1, 1000)) == 200)
  }

  @Test func writesColoursAndAspectRatio() throws {
    let path = folder.file("a.mkv")
    let muxer = try Muxer(path: path)
    let encoder = try encoder()
    let stream = try muxer.addStream(encoder: encoder)
    try muxer.writeHeader()
    let frame = try Frame(encoder.settings.format)
    frame.pts = 0
    _ = try encoder.send(frame)
    let packet = try Packet()
    _ = try encoder.receive(into: packet)
    packet.streamIndex = stream
    try muxer.write(packet)
    try muxer.finish()
    let demuxer = try Demuxer(path: path)
    let found = try demuxer.bestVideoStream()
    let color = try #require(found.format).color
    #expect(color.rangeName == "pc" && color.matrixName == "bt470bg")
    #expect(found.sampleAspectRatio == Rational(4, 3))
    #expect(try demuxer.firstFrame().color.filled(from: color).rangeName == "pc")
  }

  @Test func containersListSupportedCodecs() throws {
    let h264 = try VideoCodec(encoder: "libx264")
    let vp9 = try VideoCodec(encoder: "vp9")
    #expect(h264.hasOption("crf") && !h264.hasOption("no-such-option") && !h264.hasQuantizer)
    let best = VideoCodec.bestPixelFormat(among: h264.pixelFormats, for: .yuvj420p)
    #expect(try #require(best).chromaShift == (1, 1))
    let rates = try VideoCodec(encoder: "mpeg1video").frameRates(for: Rational(60, 7))
    #expect(rates.first == Rational(60, 1) && rates.contains(Rational(25, 1)))
    #expect(h264.frameRates(for: Rational(1, 10)).isEmpty)
    let taken: [(String, h264: Bool, vp9: Bool)] = [
      ("a.mp4", true, true), ("a.mkv", true, true), ("a.webm", false, true), ("a.ts", true, false),
      ("a.gif", false, false),
    ]
    for (name, takesH264, takesVP9) in taken {
      let muxer = try Muxer(path: folder.file(name))
      #expect(muxer.accepts(h264) == takesH264 && muxer.accepts(vp9) == takesVP9, "\(name)")
    }
    #expect(Muxer.containerName(for: "a.unknown") == nil)
    #expect(try Muxer(path: folder.file("b.mp4")).keepsDisplayMatrix)
    #expect(try !Muxer(path: folder.file("b.mkv")).keepsDisplayMatrix)
  }
}
