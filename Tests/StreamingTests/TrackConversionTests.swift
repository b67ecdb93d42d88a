import FFmpeg
import Foundation
import Streaming
import TestSupport
import Testing

@Suite struct TrackConversionTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Writes a film of one second with a tone in AAC.
  private func film() throws -> String {
    let path = folder.file("in.mp4")
    let muxer = try Muxer(path: path)
    let format = VideoFormat(width: 64, height: 48, pixelFormat: .yuv420p)
    let encoder = try Encoder(
      EncoderSettings(
        codec: "mpeg4", format: format, frameRate: Rational(25, 1), quantizer: 4,
        usesGlobalHeader: muxer.wantsGlobalHeader))
    let video = try muxer.addStream(encoder: encoder)
    let sound = try AudioEncoder(rate: 44_100)
    let audio = try muxer.addStream(audio: sound)
    try muxer.writeHeader()
    let (packet, frame) = (try Packet(), try Frame(format))
    for number in 0..<25 {
      frame.pts = Int64(number)
      _ = try encoder.send(frame)
      while try encoder.receive(into: packet) == .output {
        packet.streamIndex = video
        packet.duration = 1
        try muxer.write(packet)
      }
    }
    for first in stride(from: 0, to: 44_100, by: sound.packetLength) {
      let samples = (0..<2 * sound.packetLength).map { 0.5 * sin(0.06 * Float(first + $0 / 2)) }
      try sound.send(samples, time: Int64(first))
      while try sound.receive(into: packet) == .output {
        packet.streamIndex = audio
        try muxer.write(packet)
      }
    }
    try muxer.finish()
    return path
  }

  private func seconds(ofAudioIn path: String) throws -> (codec: String, start: Double, end: Double) {
    let demuxer = try Demuxer(path: path)
    let stream = try #require(demuxer.streams.first { $0.mediaType == .audio })
    let packet = try Packet()
    var (start, end) = (Double.infinity, 0.0)
    while try demuxer.read(into: packet) {
      guard packet.streamIndex == stream.index, let pts = packet.pts else { continue }
      start = min(start, Double(pts) * stream.timeBase.value)
      end = max(end, Double(pts + packet.duration) * stream.timeBase.value)
    }
    return (stream.codecName, start, end)
  }

  /// The frames are dropped or not, as for files and live sources: the sound comes in both cases.
  @Test(arguments: [FramePolicy.every, .newest])
  func soundIsConvertedWhileFramesArePainted(_ frames: FramePolicy) throws {
    let output = folder.file("out.webm")
    let result = try VideoStylization(input: film()).run(
      output: MediaTarget(output), style: invertingStyle(), options: .init(frames: frames, adaptsWorkSize: false))
    #expect(result.warnings.filter { $0.contains("the audio stream 1 (aac) is converted to opus") }.count == 1)
    let audio = try seconds(ofAudioIn: output)
    #expect(audio.codec == "opus")
    // AAC and Opus begin with their delays, 1024 samples and 6.5 ms, and end with a padded frame.
    #expect(abs(audio.start) < 0.05 && abs(audio.end - 1) < 0.1, "\(audio)")
  }

  @Test func strictCopyLeavesNothingBehind() throws {
    let input = try film()
    let output = folder.file("out.webm")
    #expect(throws: MediaError.self) {
      try VideoStylization(input: input).run(
        output: MediaTarget(output), style: invertingStyle(),
        encoding: EncodingOptions(tracks: TrackOptions(isStrictCopy: true)))
    }
    #expect(try folder.names == ["in.mp4"])
  }
}
