import FFmpeg
import Foundation
import TestSupport
import Testing

@Suite struct VideoRoundTripTests {
  /// Writes frames at the given times and reads them back.
  private func roundTrip(
    _ name: String, size: (Int, Int), times: [Int64], timeBase: Rational, pixelFormat: PixelFormat
  ) throws -> (times: [Int64], timeBase: Rational, worst: Double, format: VideoFormat) {
    let directory = try TemporaryFolder()
    let file = directory.file(name)
    let format = VideoFormat(width: size.0, height: size.1, pixelFormat: pixelFormat)
    let muxer = try Muxer(path: file)
    let encoder = try Encoder(
      EncoderSettings(
        codec: "libx264", format: format, timeBase: timeBase, frameRate: Rational(25, 1),
        options: ["crf": "10", "preset": "veryfast", "bf": "2"], usesGlobalHeader: muxer.wantsGlobalHeader))
    let stream = try muxer.addStream(encoder: encoder)
    try muxer.writeHeader()
    let packet = try Packet()
    var sources: [Frame] = []
    func drain() throws {
      while try encoder.receive(into: packet) == .output {
        packet.streamIndex = stream
        try muxer.write(packet)
      }
    }
    for (index, time) in times.enumerated() {
      let source = try Pictures.frame(width: size.0, height: size.1, time: index)
      let frame = try Frame(format)
      try Scaler(from: source.format, to: format).scale(source, into: frame)
      frame.pts = time
      #expect(try encoder.send(frame))
      try drain()
      sources.append(source)
    }
    #expect(try encoder.send(nil))
    try drain()
    try muxer.finish()

    let demuxer = try Demuxer(path: file)
    let video = try demuxer.bestVideoStream()
    let decoder = try Decoder(video, threads: 2)
    let frame = try Frame()
    let result = try Frame(VideoFormat(width: size.0, height: size.1, pixelFormat: .rgb24))
    var found: [Int64] = []
    var worst = 0.0
    func receive() throws {
      while try decoder.receive(into: frame) == .output {
        try Scaler(from: frame.format, to: result.format).scale(frame, into: result)
        if found.count < sources.count { worst = max(worst, Pictures.difference(sources[found.count], result).mean) }
        found.append(try #require(frame.pts))
      }
    }
    while try demuxer.read(into: packet) {
      #expect(try decoder.send(packet))
      try receive()
    }
    #expect(try decoder.send(nil))
    try receive()
    return (found, video.timeBase, worst, frame.format.width > 0 ? frame.format : try #require(video.format))
  }

  @Test(arguments: ["a.mp4", "a.mkv", "a.mov"])
  func timesOfVariableRateSurvive(name: String) throws {
    // Milliseconds, as in Matroska, with gaps of different lengths.
    let times: [Int64] = [0, 40, 45, 120, 121, 400, 433, 1000, 1001, 2000]
    let base = Rational(1, 1000)
    let result = try roundTrip(name, size: (64, 48), times: times, timeBase: base, pixelFormat: .yuv420p)
    #expect(result.times.map { result.timeBase.rescale($0, to: base) } == times)
    // A smooth picture at crf 10.
    #expect(result.worst < 3)
  }

  @Test func oddSizesSurvive() throws {
    let result = try roundTrip(
      "a.mp4", size: (63, 47), times: [0, 1, 2, 3], timeBase: Rational(1, 25), pixelFormat: .yuv444p)
    #expect(result.times.count == 4)
    #expect(result.format.width == 63 && result.format.height == 47)
    #expect(result.worst < 3)
  }
}
