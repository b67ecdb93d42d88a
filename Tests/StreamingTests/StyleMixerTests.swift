import Foundation
import Inference
import Networks
import Streaming
import TestSupport
import Testing
import Threading

@Suite struct StyleMixerTests {
  private static let (width, height) = (40, 24)
  private let pool = ComputePool(threads: 2)

  private func style(_ name: String, seed: UInt64) throws -> NamedStyle {
    NamedStyle(name, model: try preparedRandomModel(seed: seed))
  }

  /// Random RGB24 pixels without row padding.
  private func picture() -> [UInt8] {
    var random = Random(seed: 9)
    return random.uniform(count: 3 * Self.width * Self.height, in: 0...255).map { UInt8($0) }
  }

  private func paint(_ stylizer: any FrameStylizer) throws -> [Int] {
    let source = picture()
    var result = [UInt8](repeating: 0, count: source.count)
    try result.withUnsafeMutableBufferPointer { target in
      try source.withUnsafeBufferPointer { source in
        try stylizer.stylize(
          try #require(source.baseAddress), sourceStride: 3 * Self.width, into: try #require(target.baseAddress),
          destinationStride: 3 * Self.width)
      }
    }
    return result.map(Int.init)
  }

  private func engine(_ style: NamedStyle) throws -> any FrameStylizer {
    try style.model.makeStylizer(
      width: Self.width, height: Self.height, canvasLines: nil, pool: pool, memoryLimit: nil)
  }

  private func difference(_ a: [Int], _ b: [Int]) -> Int { zip(a, b).map { abs($0 - $1) }.max() ?? 0 }

  @Test func oneStyleIsTheOutputOfItsNetwork() throws {
    let a = try style("a", seed: 1)
    let live = StyleMixer(a, pool: pool)
    #expect(live.width == 0)
    #expect(throws: StyleMixerError.notPrepared) { try paint(live) }
    try live.prepare(width: Self.width, height: Self.height)
    #expect(live.width == Self.width && live.height == Self.height)
    #expect(try paint(live) == paint(try engine(a)))
  }

  @Test func anotherStyleCanBeSelected() throws {
    let (a, b) = (try style("a", seed: 1), try style("b", seed: 2))
    let live = StyleMixer(a, pool: pool)
    try live.prepare(width: Self.width, height: Self.height)
    let before = try paint(live)
    try live.select(b)
    let after = try paint(live)
    #expect(after == (try paint(engine(b))) && difference(before, after) > 20)
    #expect(live.settings.styles.map(\.name) == ["b"] && !live.settings.isFading)
  }

  /// Styles outside of a mask stay when the others change, and are not painted without a mask.
  @Test func stylesOutsideStay() throws {
    let (a, b, c) = (try style("a", seed: 1), try style("b", seed: 2), try style("c", seed: 3))
    let live = StyleMixer(a, pool: pool)
    try live.prepare(width: Self.width, height: Self.height)
    try live.setOutside([(c, 2), (b, 2)])
    try live.select(b)
    #expect(live.settings.styles.map(\.name) == ["b"] && live.settings.outside.map(\.name) == ["c", "b"])
    #expect(live.settings.outside.map(\.share) == [0.5, 0.5])
    #expect(try paint(live) == paint(try engine(b)))
    #expect(throws: StyleMixerError.nothingToMix) { try live.setOutside([(a, 0)]) }
    try live.setOutside([])
    #expect(live.settings.outside.isEmpty && live.settings.styles.map(\.name) == ["b"])
  }

  /// The mean of the frames weighted by their shares. Each style after the first rounds once.
  @Test func aMixtureIsTheWeightedMean() throws {
    let styles = try (1...3).map { try style("\($0)", seed: $0) }
    let live = StyleMixer(styles[0], pool: pool)
    try live.prepare(width: Self.width, height: Self.height)
    try live.mix([(styles[0], 1), (styles[1], 2), (styles[2], 5)])
    let pictures = try styles.map { try paint(engine($0)) }
    let expected = pictures[0].indices.map {
      Int((Double(pictures[0][$0] + 2 * pictures[1][$0] + 5 * pictures[2][$0]) / 8).rounded())
    }
    #expect(difference(try paint(live), expected) <= 2)
    #expect(live.settings.styles.map(\.share) == [0.125, 0.25, 0.625])

    // The same style twice counts as one.
    try live.mix([(styles[0], 1), (styles[0], 1), (styles[1], 0)])
    #expect(try paint(live) == pictures[0])
  }

  /// In floats, a mixture is the weighted mean without rounding, up to that of floats.
  @Test func aMixtureOfFloatsIsTheWeightedMean() throws {
    let styles = try (1...2).map { try style("\($0)", seed: $0) }
    let live = StyleMixer(styles[0], pool: pool)
    try live.prepare(width: Self.width, height: Self.height)
    try live.mix([(styles[0], 1), (styles[1], 3)])
    let source = picture().map { Float($0) + 0.5 }
    func paint(_ stylizer: any FrameStylizer) throws -> [Float] {
      var result = [Float](repeating: 0, count: source.count)
      try result.withUnsafeMutableBufferPointer { target in
        try source.withUnsafeBufferPointer {
          try stylizer.stylize(try #require($0.baseAddress), into: try #require(target.baseAddress))
        }
      }
      return result
    }
    let pictures = try styles.map { try paint(engine($0)) }
    for (index, value) in try paint(live).enumerated() {
      #expect(abs(value - (0.25 * pictures[0][index] + 0.75 * pictures[1][index])) <= 1e-3)
    }
  }

  @Test func stylesFade() throws {
    let (a, b) = (try style("a", seed: 1), try style("b", seed: 2))
    let (pictureA, pictureB) = (try paint(engine(a)), try paint(engine(b)))
    let live = StyleMixer(a, pool: pool)
    try live.prepare(width: Self.width, height: Self.height)
    try live.select(b, fade: .seconds(100))
    #expect(live.settings.isFading && live.settings.styles.map(\.name) == ["b"])
    #expect(difference(try paint(live), pictureA) <= 12, "the start of a fade of 100 s")
    // A reversed fade starts at the current state.
    try live.select(a, fade: .seconds(100))
    #expect(difference(try paint(live), pictureA) <= 12)
    try live.select(b, fade: .milliseconds(60))
    usleep(100_000)
    #expect(try paint(live) == pictureB)
    #expect(!live.settings.isFading)
  }

  @Test func blendsFade() throws {
    let live = StyleMixer(try style("a", seed: 1), pool: pool, blend: FrameBlend(strength: 0.25))
    #expect(live.settings.blend == FrameBlend(strength: 0.25))
    live.setBlend(FrameBlend(strength: 0.5, preservesColors: true), fade: .seconds(100))
    #expect(live.settings.isFading && live.settings.blend == FrameBlend(strength: 0.5, preservesColors: true))
    live.setBlend(FrameBlend(strength: 1))
    #expect(!live.settings.isFading && live.settings.blend.isIdentity)
  }

  /// Frames painted in parallel, each with its own stylizer, are the same as frames painted one by one.
  @Test func allPlacesPaintTheSame() throws {
    let (a, b) = (try style("a", seed: 1), try style("b", seed: 2))
    let live = StyleMixer(a, parallelism: .throughput(frames: 3), threads: 3)
    #expect(live.parallelFrames == 0)
    try live.prepare(width: Self.width, height: Self.height)
    #expect(live.parallelFrames == 3)
    try live.mix([(a, 1), (b, 1)])
    let source = picture()
    let pictures = try (0..<3).map { place in
      var result = [UInt8](repeating: 0, count: source.count)
      try live.stylize(
        source, sourceStride: 3 * Self.width, into: &result, destinationStride: 3 * Self.width, place: place)
      return result.map(Int.init)
    }
    #expect(try pictures == Array(repeating: paint(live), count: 3))
  }

  @Test func rejectedChangesHaveNoEffect() throws {
    let a = try style("a", seed: 1)
    let live = StyleMixer(a, pool: pool)
    try live.prepare(width: Self.width, height: Self.height)
    let before = try paint(live)
    #expect(throws: StyleMixerError.nothingToMix) { try live.mix([]) }
    #expect(throws: StyleMixerError.nothingToMix) { try live.mix([(a, 0), (a, .nan)]) }
    let many = try (1...5).map { (try style("\($0)", seed: $0), 1.0) }
    #expect(throws: StyleMixerError.tooManyStyles(count: 5)) { try live.mix(many) }
    #expect(throws: InferenceError.self) { try live.prepare(width: 0, height: 10) }
    #expect(throws: (any Error).self) { try NamedStyle("x", path: "/no/such/model.safetensors") }
    #expect(try paint(live) == before)
  }

  @Test func commandsChangeTheStyle() throws {
    let (a, b) = (try style("a", seed: 1), try style("b", seed: 2))
    let live = StyleMixer(a, pool: pool)
    func perform(_ line: String) throws {
      try live.perform(try #require(try StyleCommand(line)), fade: .zero) { name in
        guard name == "b" else { throw TestError(place: name) }
        return b
      }
    }
    try perform("style b")
    #expect(live.settings.styles.map(\.name) == ["b"])
    #expect(throws: TestError(place: "c")) { try perform("mix b 1 c 1") }
    try perform("strength 0.5")
    try perform("colors on")
    #expect(live.settings.blend == FrameBlend(strength: 0.5, preservesColors: true))
    #expect(live.settings.styles.map(\.name) == ["b"])
  }

  @Test func commandsAreParsed() throws {
    #expect(try StyleCommand("  ") == nil)
    #expect(try StyleCommand("style wave") == .style("wave"))
    #expect(try StyleCommand("style my own.safetensors") == .style("my own.safetensors"))
    guard case .mix(let parts) = try StyleCommand("mix a 0.3 b 0.7") else { throw TestError(place: "mix") }
    #expect(parts.map(\.name) == ["a", "b"] && parts.map(\.share) == [0.3, 0.7])
    #expect(try StyleCommand("strokes large") == .strokes(.size(.large)))
    #expect(try StyleCommand("strokes 200") == .strokes(.lines(200)))
    #expect(try StyleCommand("strength 0.7") == .strength(0.7))
    #expect(try StyleCommand("colors off") == .preserveColors(false))
    #expect(try StyleCommand("fade 2") == .fade(2))
    #expect(try StyleCommand("quit\r") == .quit)
    let wrong = [
      "strokes", "strokes huge", "strokes 63", "strokes 1025", "strokes large small", "style", "mix a", "mix a b",
      "strength 2", "strength nan", "colors", "fade -1", "quit now", "hello",
    ]
    for line in wrong { #expect(throws: StyleCommand.Refusal.self, "\(line)") { try StyleCommand(line) } }
  }
}
