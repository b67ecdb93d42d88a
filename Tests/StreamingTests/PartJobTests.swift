import FFmpeg
import Foundation
import Streaming
import TestSupport
import Testing

/// Paints films in parts and compares the joined film with one that was painted at once.
@Suite struct PartJobTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A decoded frame: its time and all its samples.
  private struct Decoded: Equatable {
    let pts: Int64?
    let samples: [UInt8]
  }

  private func frames(of name: String) throws -> [Decoded] {
    let reader = try VideoReader(path: folder.file(name))
    let threads = ThreadGroup()
    reader.start(on: threads)
    let frame = try Frame()
    var result: [Decoded] = []
    while try reader.read(into: frame) {
      var samples: [UInt8] = []
      for plane in 0..<3 {
        guard let base = frame.plane(plane) else { continue }
        for row in 0..<(plane == 0 ? frame.height : frame.height / 2) {
          let count = plane == 0 ? frame.width : frame.width / 2
          samples += UnsafeBufferPointer(start: base + row * frame.stride(plane), count: count)
        }
      }
      result.append(Decoded(pts: frame.pts, samples: samples))
    }
    try threads.wait()
    return result
  }

  /// Makes a film of 500 frames of a moving pattern, with a keyframe every 50 frames and irregular times.
  private func makeFilm(
    _ name: String, codec: String = "libx264",
    options: [String: String] = ["preset": "ultrafast", "bf": "2", "g": "50"],
    fieldOrder: FieldOrder = .progressive, count: Int = 500
  ) throws {
    let format = VideoFormat(width: 32, height: 32, pixelFormat: .yuv420p)
    let isSteady = codec != "libx264" || name.hasSuffix("avi")
    try encodeFilm(
      folder.file(name), codec: codec, format, timeBase: isSteady ? Rational(1, 25) : Rational(1, 1000),
      options: options, fieldOrder: fieldOrder, count: count
    ) { index in
      let frame = try Frame(format)
      for plane in 0..<3 {
        guard let base = frame.plane(plane) else { continue }
        for row in 0..<(plane == 0 ? 32 : 16) {
          for column in 0..<(plane == 0 ? 32 : 16) {
            let across: Int = 5 * (column + index + row % 2)
            let value: Int = index * (plane + 1) + 3 * row + across
            base[row * frame.stride(plane) + column] = UInt8(16 + value % 200)
          }
        }
      }
      frame.pts = isSteady ? Int64(index) : Int64(40 * index + (index % 3) * 5)
      frame.fieldOrder = fieldOrder
      return frame
    }
  }

  private static let lossless = EncodingOptions(codec: "ffv1")

  private func parts(_ input: String, _ output: String, settings: [String: String] = [:]) throws -> FilmParts {
    try FilmParts(folder: folder.file(output), source: MediaSource(file: folder.file(input)), settings: settings)
  }

  /// Paints a part and returns the number of frames that were read.
  @discardableResult
  private func paint(
    _ part: String, of parts: FilmParts, options: Stylization.Options = .init(),
    style: () -> StyleMixer = { invertingStyle() }
  ) throws -> Int {
    let source = parts.source
    let job = try PartJob(
      parts, try #require(FilmPart(part)), container: MediaTarget(folder.file("any.mkv")), options: options,
      encoding: Self.lossless, open: { try FrameSources.open(source) })
    return try job.run(style: style).statistics.framesIn
  }

  private func paintAtOnce(
    _ input: String, _ output: String, options: Stylization.Options = .init(), style: StyleMixer = invertingStyle()
  ) throws {
    _ = try VideoStylization(input: folder.file(input)).run(
      output: MediaTarget(folder.file(output)), style: style, options: options, encoding: Self.lossless)
  }

  /// Paints four parts in another order than that of the film, joins them and compares. Returns the frames read for
  /// each.
  @discardableResult
  private func expectSameFilm(
    _ input: String, options: Stylization.Options = .init(), style: () -> StyleMixer = { invertingStyle() }
  ) throws -> [String: Int] {
    try paintAtOnce(input, "whole.mkv", options: options, style: style())
    let parts = try self.parts(input, "parts")
    var read: [String: Int] = [:]
    for part in ["3/4", "1/4", "4/4", "2/4"] { read[part] = try paint(part, of: parts, options: options, style: style) }
    let joined = try FilmParts.join(folder: parts.folder, to: MediaTarget(folder.file("joined.mkv")))
    let (expected, found) = (try frames(of: "whole.mkv"), try frames(of: "joined.mkv"))
    #expect(joined.frames == expected.count && found.count == expected.count)
    #expect(found.map(\.pts) == expected.map(\.pts))
    #expect(found == expected)
    return read
  }

  @Test func joinedPartsEqualAFilmPaintedAtOnce() throws {
    try makeFilm("in.mp4")
    let read = try expectSameFilm("in.mp4")
    // A part is read from the keyframe before it, and a little beyond its end.
    #expect(try #require(read["4/4"]) < 240)
    #expect(try #require(read["3/4"]) < 240)
  }

  @Test(arguments: ["in.mkv", "in.mov", "in.ts"])
  func otherContainersAreCutAtTheSameFrames(name: String) throws {
    try makeFilm(name)
    let read = try expectSameFilm(name)
    #expect(try #require(read["4/4"]) < 240)
  }

  /// Only decoding from the first frame is right where packets have no times, or keyframes do not reset the decoder.
  @Test(arguments: [("in.avi", "mpeg4"), ("in.mkv", "mpeg4"), ("in.avi", "libx264")])
  func filmsWithoutSafeKeyframesAreRight(name: String, codec: String) throws {
    let options = codec == "mpeg4" ? ["g": "50"] : ["preset": "ultrafast", "bf": "0", "g": "50"]
    try makeFilm(name, codec: codec, options: options)
    try expectSameFilm(name)
  }

  @Test func openGroupsOfPicturesAreRight() throws {
    try makeFilm(
      "in.mkv", options: ["preset": "veryfast", "bf": "3", "g": "40", "x264-params": "open-gop=1:log-level=none"])
    try expectSameFilm("in.mkv")
  }

  @Test func intraRefreshIsRight() throws {
    try makeFilm("in.mkv", options: ["preset": "veryfast", "g": "40", "intra-refresh": "1"])
    try expectSameFilm("in.mkv")
  }

  @Test func denoisedPartsAreRight() throws {
    try makeFilm("in.mp4")
    try expectSameFilm("in.mp4", options: Stylization.Options(denoises: true))
  }

  @Test func deinterlacedPartsAreRight() throws {
    try makeFilm("in.mp4", fieldOrder: .topFieldFirst)
    let read = try expectSameFilm("in.mp4")
    #expect(try #require(read["4/4"]) < 240)
  }

  @Test func fadesGoOnAcrossParts() throws {
    try makeFilm("in.mp4")
    func named(_ name: String, _ make: @escaping TestFactory.Make) -> NamedStyle {
      NamedStyle(name, model: TestFactory(make))
    }
    let first = named("first") { width, height, _ in InvertingStylizer(width: width, height: height) }
    let second = named("second") { width, height, _ in WatchingStylizer(width: width, height: height) }
    let cues = ["3s style second", "9s style first", "12s strength 0.5"].compactMap { try? StyleScript.Cue($0) }
    #expect(cues.count == 3)
    let script = try StyleScript(cues, styles: [(first, 1)], fade: 4) { _ in second }
    try expectSameFilm("in.mp4", options: Stylization.Options(script: script)) {
      StyleMixer(first, parallelism: .throughput(frames: 1), threads: 1)
    }
  }

  /// Decoders conceal damage with what came before.
  @Test func damagedFilmsAreRight() throws {
    try makeFilm("good.mkv")
    var bytes = try folder.bytes(of: "good.mkv")
    for place in stride(from: bytes.count / 4, to: bytes.count, by: bytes.count / 9) {
      for index in place..<min(bytes.count, place + 40) { bytes[index] ^= 0x55 }
    }
    try folder.write(bytes, to: "in.mkv")
    try expectSameFilm("in.mkv")
  }

  @Test func aPartThatIsThereIsNotPaintedAgain() throws {
    try makeFilm("in.mp4")
    let parts = try self.parts("in.mp4", "parts")
    #expect(try paint("1/2", of: parts) > 0)
    let names = try folder.names
    let before = try FileManager.default.contentsOfDirectory(atPath: parts.folder).sorted()
    #expect(before == ["000000.json", "000000.segment", "000001.json", "000001.segment", "film.json"])
    #expect(try paint("1/2", of: parts) == 0)
    // Other numbers of parts have the same segments.
    #expect(try paint("1/3", of: parts) == 0)
    #expect(try folder.names == names)
    #expect(try FileManager.default.contentsOfDirectory(atPath: parts.folder).sorted() == before)
  }

  /// Two processes that paint the same part write the same bytes.
  @Test func doubledPartsDoNoHarm() throws {
    try makeFilm("in.mp4")
    let parts = try self.parts("in.mp4", "parts")
    let others = try self.parts("in.mp4", "others")
    try paint("1/1", of: parts)
    try paint("2/2", of: others)
    try paint("1/2", of: others)
    for name in try FileManager.default.contentsOfDirectory(atPath: parts.folder) {
      #expect(try folder.bytes(of: "parts/\(name)") == folder.bytes(of: "others/\(name)"), "\(name)")
    }
  }

  private func expectNoJoin(_ parts: FilmParts, source: String? = nil, names text: String) throws {
    try folder.write([1], to: "joined.mkv")
    let error = #expect(throws: PartError.self) {
      try FilmParts.join(
        folder: parts.folder, to: MediaTarget(folder.file("joined.mkv")), source: source.map(folder.file))
    }
    #expect(error?.description.contains(text) == true, "\(String(describing: error))")
    #expect(try folder.bytes(of: "joined.mkv") == [1])
  }

  @Test func incompleteFilmsAreNotJoined() throws {
    try makeFilm("in.mp4")
    let parts = try self.parts("in.mp4", "parts")
    #expect(throws: PartError.self) {
      try FilmParts.join(folder: parts.folder, to: MediaTarget(folder.file("joined.mkv")))
    }
    try paint("1/4", of: parts)
    try paint("4/4", of: parts)
    try expectNoJoin(parts, names: "frames 121 to 360 are missing")
    try paint("2/4", of: parts)
    try paint("3/4", of: parts)

    let good = try folder.bytes(of: "parts/000002.segment")
    var bad = good
    bad[bad.count / 2] ^= 1
    try folder.write(bad, to: "parts/000002.segment")
    try expectNoJoin(parts, names: "frames 241 to 360 are damaged")
    try folder.write(Array(good.dropLast()), to: "parts/000002.segment")
    try expectNoJoin(parts, names: "frames 241 to 360 are damaged")
    try folder.write(good, to: "parts/000002.segment")

    // A segment of another film, or in the place of another.
    let record = try folder.bytes(of: "parts/000002.json")
    try folder.write(folder.bytes(of: "parts/000001.json"), to: "parts/000002.json")
    try expectNoJoin(parts, names: "of another film or other settings")
    try folder.write(record, to: "parts/000002.json")
    try makeFilm("other.mp4", count: 400)
    try expectNoJoin(parts, source: "other.mp4", names: "another input")
    try FileManager.default.moveItem(atPath: folder.file("in.mp4"), toPath: folder.file("moved.mp4"))
    #expect(
      try FilmParts.join(
        folder: parts.folder, to: MediaTarget(folder.file("joined.mkv")), source: folder.file("moved.mp4")
      ).frames == 500)
  }

  @Test func otherSettingsAreRefused() throws {
    try makeFilm("in.mp4")
    try paint("1/4", of: self.parts("in.mp4", "parts", settings: ["strength": "1"]))
    let error = #expect(throws: PartError.self) {
      try paint("2/4", of: self.parts("in.mp4", "parts", settings: ["strength": "0.5"]))
    }
    #expect(error?.description.contains("another strength, 1 instead of 0.5") == true)
    // Another film under the same name.
    try makeFilm("in.mp4", count: 450)
    let changed = #expect(throws: PartError.self) {
      try paint("2/4", of: self.parts("in.mp4", "parts", settings: ["strength": "1"]))
    }
    #expect(changed?.description.contains("another input") == true)
  }

  @Test func aFilmThatChangesMeanwhileIsNoticed() throws {
    try makeFilm("in.mp4")
    let parts = try self.parts("in.mp4", "parts")
    var bytes = try folder.bytes(of: "in.mp4")
    bytes[bytes.count - 1] ^= 1
    let (changed, path) = (bytes, folder.file("in.mp4"))
    #expect(throws: PartError.changed(file: path)) {
      try paint("2/2", of: parts) {
        try? Data(changed).write(to: URL(fileURLWithPath: path))
        return invertingStyle()
      }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: parts.folder) == ["film.json"])
  }

  @Test func containersWithARateAreRefused() throws {
    try makeFilm("in.mp4")
    let parts = try self.parts("in.mp4", "parts")
    let source = parts.source
    #expect(throws: PartError.self) {
      try PartJob(
        parts, .whole, container: MediaTarget(folder.file("any.avi")), options: .init(), encoding: EncodingOptions(),
        open: { try FrameSources.open(source) })
    }
  }
}
