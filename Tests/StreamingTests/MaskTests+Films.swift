import FFmpeg
import Foundation
import Imaging
import Streaming
import Synchronization
import TestSupport
import Testing

/// Films as masks, a style outside the mask, and what cannot be a mask.
extension MaskTests {
  func frames(of name: String) throws -> [Frame] {
    try VideoFrameList(folder.file(name)).frames
  }

  // MARK: Films as masks

  /// Encodes a mask film of grey frames without loss.
  private func makeMaskFilm(_ name: String, _ levels: [Int], times: [Int64]) throws -> MaskSettings {
    let format = try Self.format("gray")
    try encodeFilm(
      folder.file(name), codec: "ffv1", format, timeBase: Rational(1, 1000), options: [:], count: levels.count
    ) { number in
      let frame = try Frame(format)
      frame.clearSamples()
      for y in 0..<18 {
        frame.writeSamples(
          component: 0, row: y, count: 32, from: [UInt16](repeating: UInt16(levels[number]), count: 32))
      }
      frame.pts = times[number]
      return frame
    }
    return MaskSettings(.file(folder.file(name)))
  }

  /// Returns which of `count` frames of the film are painted.
  private func paintedFrames(_ count: Int, _ mask: MaskSettings) throws -> [Bool] {
    let source = try smooth(Self.format("gbrp"))
    let results = try painted([Frame](repeating: source, count: count), invertingStyle(), mask: mask)
    let old = try samples(source, 0)
    return try results.map { try samples($0, 0)[5] != old[5] }
  }

  /// The film has frames at 0, 40, 80 ms and so on. Each gets the mask that is shown at its time.
  @Test func filmsGoAlongByTheirTimes() throws {
    let sameRate = try makeMaskFilm("a.mkv", [0, 255, 255, 0, 255], times: [0, 40, 80, 120, 160])
    #expect(try paintedFrames(5, sameRate) == [false, true, true, false, true])
    let slower = try makeMaskFilm("b.mkv", [0, 255, 0], times: [0, 100, 200])
    #expect(try paintedFrames(7, slower) == [false, false, false, true, true, false, false])
    let faster = try makeMaskFilm("c.mkv", [0, 255, 255, 0, 0, 255], times: [0, 20, 40, 60, 80, 100])
    #expect(try paintedFrames(3, faster) == [false, true, false])
    // The times of a container that rounds.
    let rounded = try makeMaskFilm("d.mkv", [0, 255, 0], times: [0, 41, 79])
    #expect(try paintedFrames(3, rounded) == [false, true, false])
    // A mask that begins late begins with the film.
    let late = try makeMaskFilm("e.mkv", [0, 255, 0], times: [500, 540, 580])
    #expect(try paintedFrames(3, late) == [false, true, false])
  }

  @Test func aShorterFilmHoldsItsLastFrame() throws {
    let mask = try makeMaskFilm("mask.mkv", [0, 255], times: [0, 40])
    #expect(try paintedFrames(5, mask) == [false, true, true, true, true])
    let format = try Self.format("yuv420p")
    try encodeFilm(folder.file("in.mp4"), format, timeBase: Rational(1, 1000), options: [:], count: 10) { number in
      let frame = try smooth(format)
      frame.pts = Int64(40 * number)
      return frame
    }
    func warnings(_ mask: MaskSettings) throws -> [String] {
      try VideoStylization(input: folder.file("in.mp4")).run(
        output: MediaTarget(folder.file("out.mp4")), style: invertingStyle(),
        options: Stylization.Options(mask: mask)
      ).warnings
    }
    let found = try warnings(mask)
    #expect(found.count == 1 && found[0].contains("mask.mkv: the mask ends after 0.080 s"), "\(found)")
    // One as long as the film, or longer, is nothing to mention.
    let whole = try makeMaskFilm("whole.mkv", [Int](repeating: 255, count: 10), times: (0..<10).map { 40 * $0 })
    #expect(try warnings(whole) == [])
    let longer = try makeMaskFilm("longer.mkv", [Int](repeating: 255, count: 20), times: (0..<20).map { 40 * $0 })
    #expect(try warnings(longer) == [])
    // A picture that stands for the whole film, but says nothing.
    try PictureFile.write(
      Picture(width: 32, height: 18, red: 0, green: 0, blue: 0), to: folder.file("black.png"))
    let black = try warnings(MaskSettings(.file(folder.file("black.png"))))
    #expect(black.count == 1 && black[0].contains("nothing is painted"), "\(black)")
    try PictureFile.write(
      Picture(width: 18, height: 18, red: 255, green: 255, blue: 255), to: folder.file("square.png"))
    let square = try warnings(MaskSettings(.file(folder.file("square.png"))))
    #expect(square.count == 1 && square[0].contains("18x18 pixels and is stretched"), "\(square)")
  }

  /// Pictures of a pattern have no times: each belongs to one frame.
  @Test func picturesOfAPatternGoOneByOne() throws {
    for (number, level) in ([0, 255, 0, 255, 255] as [UInt8]).enumerated() {
      try PictureFile.write(
        Picture(width: 32, height: 18, red: level, green: level, blue: level),
        to: folder.file("mask-\(number).png"))
    }
    let mask = MaskSettings(.file(folder.file("mask-%d.png")))
    #expect(try paintedFrames(7, mask) == [false, true, false, true, true, true, true])
  }

  // MARK: One style inside and another outside

  @Test(arguments: ["rgb24", "yuv420p", "gbrp10le"], [1, 2])
  func anotherStyleIsOutside(name: String, parallel: Int) throws {
    let source = try smooth(Self.format(name))
    let inside = NamedStyle(
      "white", model: TestFactory { width, height, _ in WhiteStylizer(width: width, height: height) })
    let outside = NamedStyle(
      "inverse", model: TestFactory { width, height, _ in InvertingStylizer(width: width, height: height) })
    func mixer() -> StyleMixer {
      StyleMixer(inside, parallelism: .throughput(frames: parallel), threads: parallel)
    }
    let both = mixer()
    try both.setOutside([(outside, 1)])
    #expect(both.settings.styles.map(\.name) == ["white"] && both.settings.outside.map(\.name) == ["inverse"])
    let mask = try writeMask("mask.png")
    let (white, inverse) = (
      try samples(try #require(try painted([source], mixer(), mask: nil).first), 0),
      try samples(try #require(try painted([source], invertingStyle(), mask: nil).first), 0)
    )
    let found = try samples(try #require(try painted([source], both, mask: mask).first), 0)
    let unit = Double(1 << (source.pixelFormat.bitDepth - 8))
    for index in found.indices {
      let expected = inverse[index] + weight(index % 32) * (white[index] - inverse[index])
      // Both are rounded, the 8-bit ones in RGB.
      #expect(abs(found[index] - expected) <= 2 * unit, "\(index)")
    }
    // Without a mask, and without styles outside, the style is everywhere.
    #expect(try samples(try #require(try painted([source], both, mask: nil).first), 0) == white)
    try both.setOutside([])
    #expect(both.settings.outside.isEmpty)
  }

  // MARK: Errors

  @Test func whatCannotBeAMaskIsRefused() throws {
    try folder.write([], to: "empty.png")
    try folder.write(Array("A letter.\n".utf8), to: "letter.txt")
    let source = try smooth(Self.format("gbrp"))
    for name in ["missing.png", "empty.png", "letter.txt"] {
      let error = #expect(throws: (any Error).self) {
        try painted([source], invertingStyle(), mask: MaskSettings(.file(folder.file(name))))
      }
      #expect(error.map { "\($0)".contains(name) } == true, "\(String(describing: error))")
    }
    for name in ["rtmp://host/app", "-"] {
      #expect(throws: MaskError.notAFile(name: name)) {
        try painted([source], invertingStyle(), mask: MaskSettings(.file(name)))
      }
    }
    #expect(throws: MaskError.noAlpha) { try painted([source], invertingStyle(), mask: MaskSettings(.alpha)) }
  }

  /// A mask that cannot be read leaves no file and keeps the old one.
  @Test func nothingIsWrittenWithoutItsMask() throws {
    let format = try Self.format("yuv420p")
    try encodeFilm(folder.file("in.mp4"), format, timeBase: Rational(1, 25), options: [:], count: 2) { number in
      let frame = try smooth(format)
      frame.pts = Int64(number)
      return frame
    }
    let old = try folder.write([1, 2, 3], to: "out.mp4")
    for mask in [MaskSettings(.file(folder.file("missing.png"))), MaskSettings(.alpha)] {
      #expect(throws: (any Error).self) {
        try VideoStylization(input: folder.file("in.mp4")).run(
          output: MediaTarget(old), style: invertingStyle(), options: Stylization.Options(mask: mask))
      }
    }
    #expect(try folder.bytes(of: "out.mp4") == [1, 2, 3] && folder.names == ["in.mp4", "out.mp4"])
  }
}
