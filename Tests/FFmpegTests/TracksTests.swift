import FFmpeg
import Foundation
import TestSupport
import Testing

/// Copies, converts and refuses the streams beside a film.
@Suite struct TracksTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// The result of writing a film again.
  private struct Copy {
    var warnings: [String]
    var demuxer: Demuxer
    func stream(_ type: MediaType) -> MediaStream? { demuxer.streams.first { $0.mediaType == type } }
  }

  /// Writes the film at `path` again, with grey pictures, as `stylize-video` writes painted ones.
  private func rewrite(_ path: String, as name: String, options: TrackOptions = TrackOptions()) throws -> Copy {
    let demuxer = try Demuxer(path: path)
    let video = try demuxer.bestVideoStream()
    let muxer = try Muxer(path: folder.file(name))
    let codec = try VideoCodec(encoder: muxer.defaultVideoCodec ?? "")
    let pixelFormat = try #require(VideoCodec.bestPixelFormat(among: codec.pixelFormats, for: .yuv420p))
    let format = VideoFormat(width: 64, height: 48, pixelFormat: pixelFormat)
    let encoder = try Encoder(
      EncoderSettings(
        codec: codec.name, format: format, frameRate: Rational(25, 1), usesGlobalHeader: muxer.wantsGlobalHeader))
    let tracks = try Tracks(
      of: demuxer, video: video, encoder: encoder, keepsDisplayMatrix: false, to: muxer, options: options)
    try muxer.copyMetadata(of: demuxer)
    try muxer.writeHeader(options: muxer.options(toKeep: demuxer))
    func write(_ packet: Packet, _ index: Int) throws {
      packet.streamIndex = index
      try muxer.write(packet)
    }
    let frame = try Frame(format)
    for number in 0..<Film.frameCount {
      frame.pts = Int64(number)
      _ = try encoder.send(frame)
      try encoder.drain { try write($0, tracks.videoIndex) }
    }
    _ = try encoder.send(nil)
    try encoder.drain { try write($0, tracks.videoIndex) }
    while true {
      let packet = try Packet()
      guard try demuxer.read(into: packet) else { break }
      guard let track = tracks.others[packet.streamIndex] else { continue }
      if let converter = track.converter {
        try converter.convert(packet) { try write($0, track.index) }
      } else {
        try write(packet, track.index)
      }
    }
    for track in tracks.others.values { try track.converter?.convert(nil) { try write($0, track.index) } }
    try muxer.finish()
    return Copy(warnings: tracks.warnings, demuxer: try Demuxer(path: folder.file(name)))
  }

  // MARK: Sound

  @Test(arguments: [
    ("pcm_s16le", "a.mkv", "a.mp4", "aac"), ("flac", "b.mkv", "b.mp4", "aac"), ("aac", "c.mp4", "c.webm", "opus"),
    ("aac", "d.mp4", "d.ogv", "vorbis"), ("pcm_s16le", "e.mkv", "e.mxf", "pcm_s16le"), ("aac", "f.mkv", "f.mpg", "mp2"),
  ])
  func soundIsConvertedWhereTheContainerCannotHoldIt(
    _ case: (codec: String, source: String, target: String, result: String)
  ) throws {
    let rate = `case`.target.hasSuffix("mxf") ? 44_100 : 48_000
    let source = try Film(folder, `case`.source, audio: `case`.codec, rate: rate).path
    let copy = try rewrite(source, as: `case`.target)
    let sound = try #require(copy.stream(.audio))
    #expect(sound.codecName == `case`.result)
    #expect(
      copy.warnings.count == 1 && copy.warnings[0].contains("is converted to \(`case`.result)"), "\(copy.warnings)")
    let found = try Sound(copy.demuxer, sound)
    // Encoders add their delay and pad the last frame: no more than two frames of Vorbis, 8192 samples.
    #expect(abs(found.seconds - Film.seconds) < 0.18, "\(found.seconds)")
    // Lossy codecs keep a loud tone within some per cent, and the encoders' delays are under a tenth of a second.
    let level = found.level(from: 0.5, to: 1.5)
    #expect(abs(level / Film.level - 1) < 0.1, "\(level)")
    #expect(found.level(from: 1.0, to: 1.2) > 0)
  }

  @Test(arguments: [
    ("libopus", "a.mkv", "a.ogv"), ("flac", "b.mkv", "b.ogv"), ("pcm_alaw", "c.avi", "c.mkv"),
    ("pcm_s24le", "d.mkv", "d.mxf"), ("libopus", "e.webm", "e.mp4"), ("ac3", "f.mkv", "f.ts"),
  ])
  func soundIsCopiedWhereTheContainerHoldsIt(_ case: (codec: String, source: String, target: String)) throws {
    let source = try Film(folder, `case`.source, audio: `case`.codec).path
    let copy = try rewrite(source, as: `case`.target, options: TrackOptions(isStrictCopy: true))
    let before = try #require(try Demuxer(path: source).streams.first { $0.mediaType == .audio })
    #expect(copy.stream(.audio)?.codecName == before.codecName)
    #expect(copy.warnings.isEmpty, "\(copy.warnings)")
  }

  @Test func transportStreamsDoNotHideSoundAsPrivateData() throws {
    let source = try Film(folder, "a.mkv", audio: "flac").path
    let copy = try rewrite(source, as: "a.ts")
    // libav writes FLAC to transport streams, but no reader finds it there.
    #expect(copy.stream(.audio)?.codecName == "mp2")
  }

  @Test func flashTakesMP3AtSomeRatesOnly() throws {
    let source = try Film(folder, "a.mkv", audio: "libmp3lame", rate: 32_000).path
    let copy = try rewrite(source, as: "a.flv")
    let sound = try #require(copy.stream(.audio))
    #expect(copy.warnings.count == 1 && copy.warnings[0].contains("to mp3 at 44100 Hz"), "\(copy.warnings)")
    #expect(abs(try Sound(copy.demuxer, sound).seconds - Film.seconds) < 0.18)
  }

  @Test func strictCopyRefuses() throws {
    let source = try Film(folder, "a.mkv", audio: "pcm_s16le").path
    let error = #expect(throws: MediaError.self) {
      _ = try rewrite(source, as: "a.mp4", options: TrackOptions(isStrictCopy: true))
    }
    let text = try #require(error).description
    #expect(text.contains("pcm_s16le") && text.contains("mp4") && text.contains("--strict-copy"), "\(text)")
  }

  @Test func theEncoderForSoundCanBeChosen() throws {
    let source = try Film(folder, "a.mkv", audio: "flac").path
    let copy = try rewrite(source, as: "a.mp4", options: TrackOptions(audioCodec: "ac3", audioBitRate: 96_000))
    #expect(copy.stream(.audio)?.codecName == "ac3")
    #expect(copy.warnings.isEmpty)
    #expect(throws: MediaError.self) {
      _ = try rewrite(source, as: "b.webm", options: TrackOptions(audioCodec: "aac"))
    }
    #expect(throws: MediaError.self) { _ = try TrackOptions.audioCodecName("libx264") }
  }

  @Test func gapsBecomeSilence() throws {
    // Half a second in the middle is missing. MXF stores no times: without silence, the rest would be too early.
    let source = try Film(folder, "a.mkv", audio: "flac", rate: 44_100, gap: 0.8..<1.3).path
    let copy = try rewrite(source, as: "a.mxf")
    let found = try Sound(copy.demuxer, try #require(copy.stream(.audio)))
    #expect(abs(found.seconds - Film.seconds) < 0.15, "\(found.seconds)")
    // A frame of FLAC lasts 0.1 s, so that the edges of the gap are within that.
    #expect(found.level(from: 0.95, to: 1.2) < 0.01 * Film.level)
    #expect(abs(found.level(from: 1.45, to: 1.9) / Film.level - 1) < 0.1)
    #expect(abs(found.level(from: 0.2, to: 0.7) / Film.level - 1) < 0.1)
  }

  @Test func lostPacketsBecomeSilence() throws {
    // Two packets of 23 ms, too short to be corrected at once.
    let source = try Film(folder, "a.mkv", audio: "pcm_s16le", rate: 44_100, gap: 0.8..<0.84).path
    let copy = try rewrite(source, as: "b.mkv", options: TrackOptions(audioCodec: "flac"))
    let found = try Sound(copy.demuxer, try #require(copy.stream(.audio)))
    // Matroska counts milliseconds, and the test's resampler holds back less than another.
    #expect(abs(found.seconds - Film.seconds) < 0.002, "\(found.seconds)")
  }

  @Test func soundKeepsItsDistanceFromThePicture() throws {
    let source = try Film(folder, "a.mkv", audio: "pcm_s16le", start: 0.7).path
    let copy = try rewrite(source, as: "a.mp4")
    let packet = try Packet()
    let sound = try #require(copy.stream(.audio))
    while try copy.demuxer.read(into: packet), packet.streamIndex != sound.index {}
    let start = Double(try #require(packet.pts)) * sound.timeBase.value
    // AAC begins one frame of 1024 samples earlier, which players skip. Matroska counts milliseconds.
    #expect(abs(start - 0.7) < 1024 / 48_000 + 0.001)
  }

  // MARK: Subtitles

  @Test(arguments: [("a.mp4", "mov_text"), ("a.webm", "webvtt"), ("a.mkv", "subrip")])
  func textIsConverted(_ case: (target: String, codec: String)) throws {
    let source = try Film(folder, "source.mkv", subtitles: Film.text).path
    let copy = try rewrite(source, as: `case`.target)
    #expect(copy.stream(.subtitle)?.codecName == `case`.codec)
    // And back, so that the text can be read.
    let back = try rewrite(folder.file(`case`.target), as: "back.mkv")
    let stream = try #require(back.stream(.subtitle))
    #expect(stream.metadata["language"] == "deu")
    var found: [(Double, Double, String)] = []
    let packet = try Packet()
    while try back.demuxer.read(into: packet) {
      guard packet.streamIndex == stream.index, packet.size > 2 else { continue }
      let text = String(decoding: packet.bytes, as: UTF8.self)
      let base = stream.timeBase.value
      found.append((Double(try #require(packet.pts)) * base, Double(packet.duration) * base, text))
    }
    #expect(found.count == 2)
    guard found.count == 2 else { return }
    #expect(found[0].2.contains("Grüße") && found[1].2.contains("Zweite"), "\(found)")
    // Containers count milliseconds, ASS hundredths of a second.
    #expect(abs(found[0].0 - 0.2) < 0.011 && abs(found[1].0 - 0.9) < 0.011, "\(found)")
    #expect(abs(found[0].1 - 0.5) < 0.021 && abs(found[1].1 - 0.6) < 0.021, "\(found)")
  }

  @Test(arguments: ["a.ts", "a.webm", "a.mp4", "a.ogv"])
  func attachmentsAreOmittedWhereReadersDoNotFindThem(_ name: String) throws {
    let source = try Film(folder, "source.mkv", attachment: Array("a font".utf8)).path
    let copy = try rewrite(source, as: name)
    #expect(copy.demuxer.streams.count == 1)
    #expect(copy.warnings.count == 1 && copy.warnings[0].contains("is omitted"), "\(copy.warnings)")
    #expect(try rewrite(source, as: "b.mkv").stream(.attachment) != nil)
  }

  @Test func textIsOmittedWhereThereIsNoPlaceForIt() throws {
    let source = try Film(folder, "source.mkv", subtitles: Film.text).path
    let copy = try rewrite(source, as: "a.ts")
    #expect(copy.stream(.subtitle) == nil)
    #expect(copy.warnings.count == 1 && copy.warnings[0].contains("is omitted"), "\(copy.warnings)")
  }

  @Test func titlesGoWhereMP4sPlayersLook() throws {
    let source = try Film(folder, "a.mkv", audio: "aac", title: "Kommentar").path
    let copy = try rewrite(source, as: "a.mp4")
    #expect(copy.stream(.audio)?.metadata["handler_name"] == "Kommentar")
  }
}
