import FFmpeg
import Foundation
import Streaming
import Synchronization
import TestSupport
import Testing

@Suite struct ResumeTests {
  private static let frameCount = 300
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try makeVideo("in.mp4", brightness: 0)
  }

  /// Creates a video of grey frames whose distances in time differ.
  private func makeVideo(_ name: String, brightness: Int) throws {
    let format = VideoFormat(width: 32, height: 32, pixelFormat: .yuv420p)
    let options = ["preset": "ultrafast", "bf": "2"]
    try encodeFilm(
      folder.file(name), format, timeBase: Rational(1, 1000), options: options, count: Self.frameCount
    ) { index in
      let frame = try Frame(format)
      for plane in 0..<3 {
        let (count, value) = (frame.stride(plane) * (plane == 0 ? 32 : 16), brightness + index * (plane + 1))
        frame.plane(plane)?.update(repeating: UInt8(16 + value % 200), count: count)
      }
      frame.pts = Int64(40 * index + (index % 3) * 5)
      return frame
    }
  }

  private struct PowerCut: Error {}

  /// Renders so that the render can go on, and returns the number of frames that were painted. Painting fails at frame
  /// `end`.
  @discardableResult
  private func render(
    _ output: String, input: String = "in.mp4", settings: [String: String] = ["strength": "1"], until end: Int? = nil,
    options: Stylization.Options = .init()
  ) throws -> Int {
    let painted = Mutex(0)
    let style = testStyle { width, height, _ in
      WatchingStylizer(width: width, height: height) { _, _ in
        let count = painted.withLock { count in
          count += 1
          return count
        }
        if count == end { throw PowerCut() }
      }
    }
    let source = MediaSource(file: folder.file(input))
    let parts = try FilmParts(folder: folder.file(output) + ".resume", source: source, settings: settings)
    _ = try parts.render(
      to: MediaTarget(folder.file(output)), options: options, open: { try FrameSources.open(source) },
      style: { style })
    return painted.withLock { $0 }
  }

  /// All packets with their streams, times and data, as bytes.
  private func packets(of name: String) throws -> [UInt8] {
    let (demuxer, packet) = (try Demuxer(path: folder.file(name)), try Packet())
    var bytes: [UInt8] = []
    while try demuxer.read(into: packet) {
      bytes.append(UInt8(packet.streamIndex))
      bytes += packet.archive
    }
    return bytes
  }

  /// A segment has 120 frames.
  @Test(arguments: ["mp4", "mkv", "mov"], [false, true])
  func anInterruptedFilmEqualsAnUninterruptedOne(fileExtension: String, denoises: Bool) throws {
    let (whole, name) = ("whole.\(fileExtension)", "out.\(fileExtension)")
    let options = Stylization.Options(denoises: denoises)
    #expect(try render(whole, options: options) == Self.frameCount)
    #expect(throws: PowerCut.self) { try render(name, until: 200, options: options) }
    #expect(try folder.names == ["in.mp4", "\(name).resume", whole].sorted())
    // Interrupted again before the second segment is complete.
    #expect(throws: PowerCut.self) { try render(name, until: 30, options: options) }
    #expect(try render(name, options: options) == Self.frameCount - 120)
    // Each Matroska file has a random identifier.
    let content = fileExtension == "mkv" ? packets(of:) : folder.bytes(of:)
    #expect(try content(name) == content(whole))
    #expect(try folder.names == ["in.mp4", name, whole].sorted())
  }

  @Test func damageCostsOneSegment() throws {
    try render("whole.mp4")
    #expect(throws: PowerCut.self) { try render("out.mp4", until: 290) }
    let name = "out.mp4.resume/000001.segment"
    var bytes = try folder.bytes(of: name)
    bytes[bytes.count / 2] ^= 1
    try folder.write(bytes, to: name)
    let painted = try render("out.mp4")
    #expect(painted == Self.frameCount - 120, "the second segment is damaged")
    #expect(try folder.bytes(of: "out.mp4") == folder.bytes(of: "whole.mp4"))
  }

  @Test func otherSettingsAndSourcesAreRefused() throws {
    #expect(throws: PowerCut.self) { try render("out.mp4", until: 200) }
    let settings = #expect(throws: PartError.self) { try render("out.mp4", settings: ["strength": "0.5"]) }
    #expect(settings?.description.contains("another strength, 1 instead of 0.5") == true)
    try makeVideo("other.mp4", brightness: 50)
    let source = #expect(throws: PartError.self) { try render("out.mp4", input: "other.mp4") }
    #expect(source?.description.contains("another input") == true)
    // Nothing is lost by a refusal.
    #expect(try render("out.mp4") == Self.frameCount - 120)
  }

  @Test func filesOfOthersAreRefused() throws {
    let path = try folder.write(Array("a text\n".utf8), to: "out.mp4.resume")
    #expect(throws: PartError.foreign(path: path)) { try render("out.mp4") }
    #expect(try folder.bytes(of: "out.mp4.resume") == Array("a text\n".utf8))
    unlink(path)
    mkdir(path, 0o777)
    try folder.write(Array("a text\n".utf8), to: "out.mp4.resume/film.json")
    #expect(throws: PartError.foreign(path: path + "/film.json")) { try render("out.mp4") }
    unlink(path + "/film.json")
    let other = open(path, O_RDONLY | O_DIRECTORY)
    #expect(flock(other, LOCK_EX) == 0)
    #expect(throws: PartError.inUse(path: path)) { try render("out.mp4") }
    close(other)
    #expect(try render("out.mp4") == Self.frameCount)
  }

  @Test func aStopKeepsTheSegments() throws {
    let old = try folder.write([1], to: "out.mp4")
    let written = Atomic<Int>(0)
    let source = MediaSource(file: folder.file("in.mp4"))
    let parts = try FilmParts(folder: old + ".resume", source: source, settings: [:])
    let error = #expect(throws: PartError.self) {
      try parts.render(
        to: MediaTarget(old), open: { try FrameSources.open(source) }, style: { invertingStyle() },
        shouldStop: { written.load(ordering: .relaxed) >= 130 },
        progress: { frames, _ in written.store(frames, ordering: .relaxed) })
    }
    guard case .interrupted(_, let frames, let total) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect((frames == 120 || frames == 240) && total == Self.frameCount)
    #expect(try folder.bytes(of: "out.mp4") == [1])
  }
}
