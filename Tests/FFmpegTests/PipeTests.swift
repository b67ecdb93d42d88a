import FFmpeg
import Foundation
import TestSupport
import Testing

@Suite struct PipeTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Writes a film of `count` grey frames.
  private func film(_ name: String, format: String? = nil, options: [String: String] = [:], count: Int = 5) throws {
    let muxer = try Muxer(MediaTarget(folder.file(name), format: format, options: options))
    try Self.write(count, to: muxer)
  }

  private static func write(_ count: Int, to muxer: Muxer, codec: String = "mpeg4") throws {
    let format = VideoFormat(width: 16, height: 16, pixelFormat: codec == "png" ? .rgb24 : .yuv420p)
    let encoder = try Encoder(
      EncoderSettings(
        codec: codec, format: format, timeBase: Rational(1, 25), frameRate: Rational(25, 1),
        usesGlobalHeader: muxer.wantsGlobalHeader))
    let stream = try muxer.addStream(encoder: encoder)
    try muxer.writeHeader()
    let frame = try Frame(format)
    frame.plane(0)?.update(repeating: 128, count: frame.stride(0) * 16)
    let packet = try Packet()
    for index in 0..<count {
      frame.pts = Int64(index)
      _ = try encoder.send(frame)
      while try encoder.receive(into: packet) == .output {
        packet.streamIndex = stream
        try muxer.write(packet)
      }
    }
    _ = try encoder.send(nil)
    while try encoder.receive(into: packet) == .output {
      packet.streamIndex = stream
      try muxer.write(packet)
    }
    try muxer.finish()
  }

  /// Passes a file through a named pipe and returns the number of packets that a demuxer reads from it.
  private func packetsThroughPipe(_ name: String) throws -> Int {
    let pipe = folder.file("pipe")
    try #require(mkfifo(pipe, 0o600) == 0)
    defer { unlink(pipe) }
    let bytes = Data(try folder.bytes(of: name))
    Thread.detachNewThread { FileHandle(forWritingAtPath: pipe)?.write(bytes) }
    let source = try MediaSource(pipe)
    #expect(source.kind == .pipe && !source.isLive && !source.isReadAhead)
    let demuxer = try Demuxer(source)
    let packet = try Packet()
    var count = 0
    while try demuxer.read(into: packet) { count += 1 }
    return count
  }

  @Test(arguments: ["mkv", "mp4", "mov", "nut"])
  func filmsAreReadFromPipes(fileExtension: String) throws {
    let name = "film.\(fileExtension)"
    try film(name)
    let bytes = try folder.bytes(of: name)
    // The index of such a film is at its end.
    #expect(ReadingOrder(bytes) == (["mp4", "mov"].contains(fileExtension) ? .any : .forward))
    #expect(try packetsThroughPipe(name) == 5)
  }

  @Test func filmsWithTheIndexFirstAreNotStored() throws {
    try film("first.mp4", options: ["movflags": "faststart"])
    try film("fragments.mp4", options: ["movflags": "frag_keyframe+empty_moov"])
    for name in ["first.mp4", "fragments.mp4"] {
      #expect(ReadingOrder(try folder.bytes(of: name)) == .forward)
      #expect(try packetsThroughPipe(name) == 5)
    }
  }

  @Test func theOrderIsFoundInTheFirstBytes() {
    func box(_ kind: String, _ size: UInt32) -> [UInt8] {
      (0..<4).map { UInt8(truncatingIfNeeded: size >> (24 - 8 * $0)) } + Array(kind.utf8)
    }
    let padding = [UInt8](repeating: 0, count: 8)
    #expect(ReadingOrder([]) == .undecided)
    #expect(ReadingOrder(box("ftyp", 16)) == .undecided)
    #expect(ReadingOrder(box("ftyp", 16) + padding + box("free", 8) + box("mdat", 1)) == .any)
    #expect(ReadingOrder(box("ftyp", 16) + padding + box("moov", 8)) == .forward)
    // A length of 64 bits, and lengths that cannot be.
    #expect(ReadingOrder(box("free", 1) + [0, 0, 0, 0, 0, 0, 0, 16] + box("mdat", 8)) == .any)
    #expect(ReadingOrder(box("free", 1) + [UInt8](repeating: 255, count: 8)) == .forward)
    #expect(ReadingOrder(box("free", 0)) == .forward)
    #expect(ReadingOrder(Array("GIF89a".utf8)) == .any)
    #expect(ReadingOrder([UInt8](repeating: 255, count: 64)) == .forward)
  }

  // MARK: Patterns

  @Test func patternsAreForPictures() throws {
    for name in ["f%02d.png", "f%d.jpg", "f%05d.webp", "f%05d.tiff", "f%05d.exr"] {
      #expect(try MediaTarget(name).kind == .imageSequence, "\(name)")
    }
    for name in ["film%02d.mp4", "film%d.mkv", "film%05d.gif", "film%d.nosuch"] {
      let error = #expect(throws: MediaError.self) { try MediaTarget(name) }
      #expect(error?.description.contains("pattern for pictures") == true)
    }
    let film = try MediaTarget("film%02d.mp4", format: "mp4")
    #expect(film.kind == .file && film.isSingleFile)
    #expect(try MediaTarget("film%02d.xyz", format: "image2").kind == .imageSequence)
    #expect(try MediaTarget("100%.mp4").kind == .file)
  }

  @Test func picturesAppearWhenTheyAreComplete() throws {
    let target = try MediaTarget(folder.file("f%d.png"))
    try Self.write(3, to: try Muxer(target), codec: "png")
    #expect(try folder.names == ["f1.png", "f2.png", "f3.png"])
    for name in try folder.names { #expect(try Demuxer(path: folder.file(name)).firstFrame().width == 16) }
  }

  @Test func aPictureThatCannotBeWrittenIsNamed() throws {
    try FileManager.default.createDirectory(atPath: folder.file("f2.png"), withIntermediateDirectories: true)
    let muxer = try Muxer(MediaTarget(folder.file("f%d.png")))
    var description = ""
    do { try Self.write(3, to: muxer, codec: "png") } catch { description = "\(error)" }
    #expect(description == "\(folder.file("f2.png")): cannot be written: it is a directory")
    #expect(try folder.names == ["f1.png", "f2.png"])
  }

  // MARK: Packets

  @Test func archivesKeepPackets() throws {
    let packet = try [UInt8](1...100).withUnsafeBytes { try Packet(bytes: $0) }
    (packet.pts, packet.dts, packet.duration) = (7, nil, 40)
    let copy = try Packet(archive: packet.archive)
    #expect(copy.bytes == packet.bytes && copy.pts == 7 && copy.dts == nil && copy.duration == 40)
    #expect(copy.archive == packet.archive)
    for count in [0, 7, 39] {
      #expect(throws: MediaError.self) { try Packet(archive: Array(packet.archive.prefix(count))) }
    }
    #expect(Packet.isArchivable(codec: "mpeg4") && !Packet.isArchivable(codec: "wrapped_avframe"))
  }
}
