import FFmpeg
import Foundation
import LiveServer
import Streaming
import TestSupport
import Testing

/// Tests `video.chunks` and the clock that its times are on.
@Suite(.serialized) struct ChunkTests {
  private struct Clock: Decodable { var microseconds: Int64 }

  private func clock(_ server: RunningServer) throws -> Int64 {
    try server.ask("GET", "/api/clock").json(Clock.self).microseconds
  }

  @Test func theClockRunsAndIsNearTheSystemsClock() throws {
    let server = try RunningServer()
    let (first, second) = (try clock(server), try clock(server))
    #expect(first < second)
    // The clock begins at the system's time, which may be set while the tests run; an hour tells a wrong unit or epoch.
    #expect(abs(Double(first) / 1e6 - Date().timeIntervalSince1970) < 3600)
  }

  @Test func instantsAndTimesAgree() throws {
    let now = ContinuousClock.now
    let time = ServerClock.microseconds(of: now)
    let back = try #require(ServerClock.instant(of: time))
    // Microseconds since 1970 have a double's precision of a quarter of a microsecond.
    #expect(abs(back.duration(to: now) / .microseconds(1)) < 5)
    #expect(
      ServerClock.instant(of: 0) == nil && ServerClock.instant(of: .min) == nil && ServerClock.instant(of: .max) == nil)
  }

  @Test func aStreamBeginsWithAConfigurationAndAKeyframe() throws {
    let server = try RunningServer()
    let before = try clock(server)
    let connection = try server.connect("/api/streams/1/video.chunks")
    let head = try connection.takeHead()
    #expect(head.status == 200 && head.headers["content-type"] == "application/vnd.impasto.chunks")
    let (first, configuration) = try connection.takePictureRecord()
    let video = try #require(configuration?.video)
    #expect(video.codec.wholeMatch(of: #/avc1\.[0-9a-f]{6}/#) != nil, "\(video.codec)")
    #expect(video.codedWidth == 64 && video.codedHeight == 48)
    #expect(configuration?.audio == nil && configuration?.rendition == "full")
    // A decoder needs parameter sets (7 and 8) in front of the picture (5).
    #expect(first.isKeyframe && first.units.contains(7) && first.units.contains(8) && first.units.contains(5))
    var latest = first
    for _ in 0..<20 {
      let (picture, other) = try connection.takePictureRecord()
      #expect(other == nil && picture.timestamp > latest.timestamp)
      #expect(picture.captured > latest.captured && picture.encoded >= picture.captured)
      latest = picture
    }
    let after = try clock(server)
    #expect(first.captured > before - 60_000_000 && latest.encoded < after)
  }

  /// The pictures are those of the other forms: a decoder reads them one by one and returns each at once.
  @Test func eachPictureIsDecodedByItself() throws {
    let server = try RunningServer()
    let connection = try server.connect("/api/streams/1/video.chunks")
    #expect(try connection.takeHead().status == 200)
    let decoder = try Decoder(codec: "h264", named: "the test", maximumPixelCount: 1 << 16)
    let frame = try Frame()
    for _ in 0..<10 {
      let (picture, _) = try connection.takePictureRecord()
      try picture.data.withUnsafeBytes { _ = try decoder.send(Packet(bytes: $0)) }
      #expect(try decoder.receive(into: frame) == .output)
      #expect(frame.width == 64 && frame.height == 48)
    }
  }

  @Test(.enabled(if: BuiltProgram.onPath("ffmpeg") != nil)) func soundIsOnTheTimelineOfThePictures() throws {
    let folder = try TemporaryFolder()
    let ffmpeg = try #require(BuiltProgram.onPath("ffmpeg"))
    let made = try ffmpeg.run(
      [
        "-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=black:size=64x48:rate=20:duration=3", "-f", "lavfi",
        "-i",
        "sine=frequency=440:duration=3", "-c:v", "mpeg4", "film.mkv",
      ], folder: folder.path)
    try #require(made.exitCode == 0, "\(made.errors)")
    let server = try RunningServer(open: { interrupt in
      try FrameSources.open(MediaSource(folder.file("film.mkv")), live: LiveReading(), interrupt: interrupt)
    })
    try server.wait { $0.hasAudio }
    let connection = try server.connect("/api/streams/1/video.chunks")
    #expect(try connection.takeHead().status == 200)
    var (sounds, picture): ([(time: Int64, duration: Int64)], Int64) = ([], 0)
    while sounds.count < 40 {
      switch try connection.takeRecord() {
      case .configuration(let configuration):
        let audio = try #require(configuration.audio)
        #expect(audio.codec == "mp4a.40.2" && audio.sampleRate == 48_000 && audio.numberOfChannels == 2)
        // AAC-LC, index 3 for 48 kHz, two channels (ISO/IEC 14496-3, 1.6.2.1).
        #expect(Data(base64Encoded: audio.description).map { Array($0.prefix(2)) } == [0x11, 0x90])
      case .picture(let found): picture = found.timestamp
      case .sound(let time, let duration, _):
        sounds.append((time, duration))
        // Sound runs ahead by a tenth of a second, and may be a second late.
        #expect((-1_200_000...250_000).contains(time - picture), "\(time) \(picture)")
      case .padding: break
      }
    }
    // 1024 samples are 21.3 ms.
    #expect(sounds.allSatisfy { abs($0.duration - 21_333) <= 1 })
    #expect(zip(sounds, sounds.dropFirst()).allSatisfy { $1.time > $0.time })
  }

  @Test func fragmentsSayWhenTheyWereCaptured() throws {
    let server = try RunningServer()
    let connection = try server.connect("/api/streams/1/video.mp4")
    #expect(try connection.takeHead().status == 200)
    let now = try clock(server)
    var captures: [(media: UInt64, seconds: Double)] = []
    while captures.count < 5 {
      let box = try connection.takeBox()
      if box.type == "prft" {
        func number(_ range: Range<Int>) -> UInt64 { box.content[range].reduce(0) { $0 << 8 | UInt64($1) } }
        #expect(box.content.count == 24 && box.content[0] == 1 && number(4..<8) == 1)
        captures.append((number(16..<24), Double(number(8..<16)) / 0x1p32 - 2_208_988_800))
      }
      if let time = box.time { #expect(captures.last?.media == time) }
    }
    #expect(zip(captures, captures.dropFirst()).allSatisfy { $0.seconds < $1.seconds && $0.media < $1.media })
    #expect(abs((captures.last?.seconds ?? 0) - Double(now) / 1e6) < 60)
  }

  /// A reader that takes 700 kbit/s of noise, which no rate is too high for, gets the light pictures and goes on.
  @Test func aSlowReaderGetsTheLightRendition() throws {
    let server = try RunningServer(size: (480, 320), interval: 33_000)
    _ = try server.change(#"{"strength":0}"#)
    let connection = try server.connect("/api/streams/1/video.chunks", receiveBuffer: 16_384)
    #expect(try connection.takeHead().status == 200)
    let start = ContinuousClock.now
    var (bytes, light, latest): (Double, Int, Int64) = (0, 0, 0)
    var configurations: [ChunkRecord.Configuration] = []
    while light < 60 {
      let (picture, configuration) = try connection.takePictureRecord()
      if let configuration { configurations.append(configuration) }
      #expect(picture.timestamp > latest)
      latest = picture.timestamp
      bytes += Double(picture.data.count + 34)
      light = configurations.last?.rendition == "light" ? light + 1 : 0
      try #require(bytes < 64e6)
      let ahead = bytes * 8 / 700_000 - start.duration(to: .now) / .seconds(1)
      if ahead > 0 { usleep(UInt32(min(1, ahead) * 1e6)) }
    }
    #expect(configurations.first?.rendition == "full")
    let video = try #require(configurations.last?.video)
    #expect(video.codedWidth == 240 && video.codedHeight == 160)
    #expect(try server.ask("GET", "/metrics").text.contains("impasto_viewers_light{stream=\"1\"} 1"))
  }
}
