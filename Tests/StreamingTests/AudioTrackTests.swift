import FFmpeg
import Foundation
import Streaming
import TestSupport
import Testing

@Suite struct AudioTrackTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Creates a video of two seconds. With audio, its second half contains a tone.
  private func video(hasAudio: Bool) throws -> String {
    let path = folder.file("video.mkv")
    let format = VideoFormat(width: 32, height: 32, pixelFormat: .yuv420p)
    let muxer = try Muxer(path: path)
    let encoder = try Encoder(
      EncoderSettings(
        codec: "mpeg4", format: format, frameRate: Rational(25, 1), quantizer: 4,
        usesGlobalHeader: muxer.wantsGlobalHeader))
    _ = try muxer.addStream(encoder: encoder)
    let sound = try AudioEncoder(rate: 44_100)
    if hasAudio { _ = try muxer.addStream(audio: sound) }
    try muxer.writeHeader()
    let (packet, frame) = (try Packet(), try Frame(format))
    for number in 0..<50 {
      frame.pts = Int64(number)
      _ = try encoder.send(frame)
      while try encoder.receive(into: packet) == .output {
        packet.streamIndex = 0
        packet.duration = 1
        try muxer.write(packet)
      }
    }
    for first in stride(from: 0, to: hasAudio ? 88_200 : 0, by: sound.packetLength) {
      let samples = (first..<first + sound.packetLength).flatMap { time -> [Float] in
        let value = time < 44_100 ? 0 : 0.5 * sin(2 * Float.pi * 1000 * Float(time) / 44_100)
        return [value, value]
      }
      try sound.send(samples, time: Int64(first))
      while try sound.receive(into: packet) == .output {
        packet.streamIndex = 1
        try muxer.write(packet)
      }
    }
    try muxer.finish()
    return path
  }

  @Test func audioIsAtItsTime() throws {
    let reader = try VideoReader(MediaSource(file: video(hasAudio: true)), live: LiveReading())
    let sound = try #require(reader.openAudio())
    #expect(sound.end == nil)
    let threads = ThreadGroup()
    reader.start(on: threads)
    let frame = try Frame()
    while try reader.read(into: frame) {}
    reader.stop()
    try threads.wait()
    // Two seconds, give or take the samples that the encoder holds back and pads: two packets each.
    #expect(abs(try #require(sound.end) - 96_000) < 2 * 2 * 1115)
    func loudness(_ seconds: ClosedRange<Double>) -> Float {
      let first = Int64(seconds.lowerBound * 48_000)
      var samples = [Float](repeating: 9, count: 2 * Int((seconds.upperBound - seconds.lowerBound) * 48_000))
      sound.read(&samples, at: first)
      return (samples.reduce(0) { $0 + $1 * $1 } / Float(samples.count)).squareRoot()
    }
    // The codec smears by one packet, 23 ms, on both sides.
    #expect(loudness(0.1...0.95) < 0.01)
    #expect(abs(loudness(1.05...1.85) - 0.5 / Float(2).squareRoot()) < 0.02)
    #expect(loudness(-1 ... -0.5) == 0 && loudness(5...6) == 0)
  }

  @Test func extremeTimesHaveNoSample() {
    #expect(AudioTrack.sample(at: 1.5) == 72_000)
    #expect(AudioTrack.sample(at: -0.25) == -12_000)
    // The maximum timestamp of a file in milliseconds, and values that are not finite.
    #expect(AudioTrack.sample(at: Double(Int64.max) / 1000) == nil)
    #expect(AudioTrack.sample(at: .nan) == nil && AudioTrack.sample(at: -.infinity) == nil)
  }

  @Test func aVideoWithoutAudioHasNoTrack() throws {
    let reader = try VideoReader(MediaSource(file: video(hasAudio: false)), live: LiveReading())
    #expect(reader.openAudio() == nil)
  }
}
