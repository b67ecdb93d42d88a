import FFmpeg
import Foundation
import LiveServer
import Streaming
import TestSupport
import Testing

/// Tests the audio of painted streams with videos made by the `ffmpeg` program.
@Suite(.serialized) struct AudioTests {
  private static let areInstalled = BuiltProgram.onPath("ffmpeg") != nil

  /// Creates a video of four seconds. Its third second is white and loud; the others are black and silent.
  private func makeVideo(in folder: TemporaryFolder, codec: String) throws -> String {
    let ffmpeg = try #require(BuiltProgram.onPath("ffmpeg"))
    let made = try ffmpeg.run(
      [
        "-nostdin", "-v", "error", "-f", "lavfi", "-i",
        "color=black:size=64x48:rate=20:duration=4,geq=lum='if(between(T,2,2.999),235,16)':cb=128:cr=128", "-f",
        "lavfi",
        "-i", "aevalsrc='if(between(t,2,3),0.5*sin(2*PI*500*t),0)':duration=4:sample_rate=44100", "-c:v", "mpeg4",
        "-c:a", codec, "video.mkv",
      ], folder: folder.path)
    try #require(made.exitCode == 0, "\(made.errors)")
    return folder.file("video.mkv")
  }

  /// Returns the brightness of each frame's centre, the loudness of each audio packet, both with their times, and the
  /// gaps between audio packets.
  private func contents(
    _ path: String
  ) throws -> (pictures: [(Double, Int)], sound: [(Double, Float)], gaps: [Range<Double>]) {
    let demuxer = try Demuxer(path: path)
    let video = try demuxer.bestVideoStream()
    let audio = try #require(demuxer.bestAudioStream(beside: video))
    #expect(demuxer.streams.count == 2 && audio.codecName == "aac")
    let decoders = [video.index: try Decoder(video), audio.index: try Decoder(audio)]
    let converter = try AudioConverter(rate: 48_000)
    let (packet, frame) = (try Packet(), try Frame())
    var pictures: [(Double, Int)] = []
    var sound: [(Double, Float)] = []
    var gaps: [Range<Double>] = []
    var end: Int64?
    while try demuxer.read(into: packet) {
      let stream = demuxer.streams[packet.streamIndex]
      if stream.index == audio.index, let pts = packet.pts {
        if let end, end != pts {
          try #require(end < pts, "audio goes back in time")
          gaps.append(Double(end) * stream.timeBase.value..<Double(pts) * stream.timeBase.value)
        }
        end = pts + packet.duration
      }
      _ = try decoders[stream.index]?.send(packet)
      while try decoders[stream.index]?.receive(into: frame) == .output {
        let time = Double(frame.pts ?? 0) * stream.timeBase.value
        if stream.index == video.index {
          pictures.append((time, frame.plane(0).map { Int($0[24 * frame.stride(0) + 32]) } ?? 0))
        } else {
          try converter.convert(frame) { samples in
            sound.append((time, (samples.reduce(0) { $0 + $1 * $1 } / Float(max(1, samples.count))).squareRoot()))
          }
        }
      }
    }
    return (pictures, sound, gaps)
  }

  @Test(.enabled(if: areInstalled), arguments: ["aac", "libmp3lame", "pcm_s16le"])
  func audioIsInSyncWithTheVideo(codec: String) throws {
    let folder = try TemporaryFolder()
    let video = try makeVideo(in: folder, codec: codec)
    let server = try RunningServer(open: { interrupt in
      try FrameSources.open(MediaSource(video), live: LiveReading(), interrupt: interrupt)
    })
    _ = try server.change(#"{"strength":0}"#)
    try server.wait { $0.hasAudio }
    let connection = try server.connect("/api/streams/1/video.mp4")
    let head = try connection.takeHead()
    #expect(head.headers["content-type"]?.hasSuffix(", mp4a.40.2\"") == true)
    // Read the video twice, including the pause before it restarts.
    var bytes: [UInt8] = []
    var time: UInt64 = 0
    while time < 9 * 90_000 {
      let box = try connection.takeBox()
      let size = UInt32(box.content.count + 8).bigEndian
      bytes += withUnsafeBytes(of: size) { Array($0) } + Array(box.type.utf8) + box.content
      time = box.time ?? time
    }
    let found = try contents(folder.write(bytes, to: "seen.mp4"))
    // One gap may follow the encoder's priming samples. Other gaps occur only without frames: a machine that stalls for
    // two seconds drops audio and video, and shows one frame when it continues.
    for gap in found.gaps.dropFirst(found.gaps.first.map { $0.upperBound - $0.lowerBound < 0.03 } == true ? 1 : 0) {
      #expect(found.pictures.count { gap.contains($0.0) } <= 1, "no audio at \(gap)")
    }
    let white = found.pictures.filter { $0.1 > 128 }.map(\.0)
    let loud = found.sound.filter { $0.1 > 0.2 }.map(\.0)
    // A frame lasts 50 ms and an audio packet 21 ms. A busy machine drops frames.
    let (light, tone) = (try #require(white.first), try #require(loud.first))
    #expect(abs(light - tone) < 0.3, "light at \(light), audio at \(tone)")
    #expect(loud.count > 30 && loud.count < found.sound.count / 2)
  }

  @Test func aSourceWithoutAudioHasNoAudioTrack() throws {
    let server = try RunningServer()
    let connection = try server.connect("/api/streams/1/video.mp4")
    #expect(try connection.takeHead().headers["content-type"]?.contains("mp4a") == false)
    #expect(try !server.state().hasAudio)
  }
}
