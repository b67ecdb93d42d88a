import FFmpeg
import Foundation
import TestSupport
import Testing

/// Encodes, converts and decodes audio.
@Suite struct AudioTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Returns the audio of the file's first stream at `rate`, two floats per sample.
  private func decode(_ path: String, rate: Int) throws -> [Float] {
    let demuxer = try Demuxer(path: path)
    let decoder = try Decoder(try #require(demuxer.streams.first))
    let converter = try AudioConverter(rate: rate)
    let (packet, frame) = (try Packet(), try Frame())
    var result: [Float] = []
    while try demuxer.read(into: packet) {
      _ = try decoder.send(packet)
      while try decoder.receive(into: frame) == .output { try converter.convert(frame) { result += $0 } }
    }
    return result
  }

  @Test func toneSurvivesEncoding() throws {
    let rate = 48_000
    let encoder = try AudioEncoder(rate: rate)
    let muxer = try Muxer(path: folder.file("tone.mp4"))
    #expect(try muxer.addStream(audio: encoder) == 0)
    try muxer.writeHeader()
    let packet = try Packet()
    let step = 2 * Float.pi * 440 / Float(rate)
    for number in 0..<40 {
      let first = number * encoder.packetLength
      // The channels differ in loudness.
      let samples = (first..<first + encoder.packetLength).flatMap { time -> [Float] in
        let value = sin(step * Float(time))
        return [0.5 * value, 0.25 * value]
      }
      try encoder.send(samples, time: Int64(first))
      while try encoder.receive(into: packet) == .output {
        packet.streamIndex = 0
        try muxer.write(packet)
      }
    }
    try muxer.finish()
    // Half the rate, so that the sample rate is converted as well.
    let sound = try decode(folder.file("tone.mp4"), rate: rate / 2)
    #expect(abs(sound.count / 2 - 39 * encoder.packetLength / 2) <= 2 * encoder.packetLength)
    for (channel, loudness) in [Float(0.5), 0.25].enumerated() {
      // Away from the ends. A sine and a cosine component measure a tone of any phase.
      let part = stride(from: 2 * 6000 + channel, to: 2 * 16_000, by: 2).map { sound[$0] }
      var (sine, cosine) = (Float(0), Float(0))
      for (time, value) in part.enumerated() {
        sine += value * sin(2 * step * Float(time))
        cosine += value * cos(2 * step * Float(time))
      }
      let amplitude = 2 * (sine * sine + cosine * cosine).squareRoot() / Float(part.count)
      let energy = part.reduce(0) { $0 + $1 * $1 } / Float(part.count)
      // The codec keeps all but a few per cent of a pure tone, so a tenth is enough tolerance.
      #expect(abs(amplitude / loudness - 1) < 0.1, "\(amplitude)")
      #expect(abs(energy / (amplitude * amplitude / 2) - 1) < 0.1, "the signal contains more than the tone")
    }
  }

  @Test func convertsAudioWithoutChannelLayout() throws {
    // A WAV file with 8 bits, one channel and 8000 samples per second, all with the same value; 128 is zero.
    func number(_ value: UInt32, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> (8 * UInt32($0)) & 255) } }
    let samples = [UInt8](repeating: 192, count: 8000)
    let format = number(1, 2) + number(1, 2) + number(8000, 4) + number(8000, 4) + number(1, 2) + number(8, 2)
    let chunks = Array("WAVEfmt ".utf8) + number(16, 4) + format + Array("data".utf8) + number(8000, 4) + samples
    try folder.write(Array("RIFF".utf8) + number(UInt32(chunks.count), 4) + chunks, to: "level.wav")
    let sound = try decode(folder.file("level.wav"), rate: 48_000)
    // The resampler holds back less than a tenth at the end.
    #expect(sound.count > 2 * 43_200 && sound.count <= 2 * 48_000)
    // Mono becomes stereo with half the power in each channel. The filter rings at the ends; in between, the error is
    // below the step of 8 bits, 1/128.
    let expected = 0.5 * Float(0.5).squareRoot()
    #expect(sound[2 * 4000..<2 * 40_000].allSatisfy { abs($0 - expected) < 1 / 128 })
  }
}
