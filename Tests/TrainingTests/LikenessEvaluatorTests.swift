import Imaging
import TestSupport
import Tensors
import Testing
import Threading
import Training

/// The likeness with the VGG-16 weights, against PyTorch, NumPy and Pillow.
@Suite(
  .enabled(if: ExternalData.vgg16 != nil, "the VGG-16 weights are not installed; run 'make setup' to get them"))
struct LikenessEvaluatorTests {
  /// Pillow rounds to bytes and clamps overshoots between its two passes, which changes single pixels by a few steps
  /// of 255. For the small pictures, white noise enlarged more than twofold, the high-frequency figure differs by
  /// 0.003.
  static let scoreTolerance = 0.2
  static let shareTolerance = 0.005

  let extractor: VGG16
  let pool = ComputePool(threads: 2)

  init() throws { extractor = try VGG16(path: try #require(ExternalData.vgg16)) }

  /// The pictures of `dump_likeness.py`: the painting, the frame and the painted frame.
  private func pictures(painting: (Int, Int), frame: (Int, Int)) -> [Picture] {
    let (own, other) = (Canvas(painting.0, painting.1), Canvas(frame.0, frame.1))
    let shown = other.mixed([(2, other.patches(23, seed: 7)), (1, other.noise(seed: 8))]).map { $0 / 2 + 60 }
    return [
      own.picture(own.mixed([(3, own.patches(11, seed: 5)), (1, own.noise(seed: 6))])),
      other.picture(shown),
      other.picture(other.mixed([(3, other.patches(11, seed: 9)), (1, other.noise(seed: 10)), (4, shown)])),
    ]
  }

  /// The large pictures are reduced, the small ones enlarged.
  @Test(arguments: [("large", (520, 480), (640, 470)), ("small", (190, 170), (130, 210))])
  func agreesWithPyTorch(name: String, painting: (Int, Int), frame: (Int, Int)) throws {
    let golden = try Golden("likeness")
    let pictures = pictures(painting: painting, frame: frame)
    for (picture, part) in zip(pictures, ["painting", "frame", "painted"]) {
      // The file stores sums above 2²⁴ rounded to single precision.
      let (sum, expected) = (picture.pixels.reduce(0.0) { $0 + Double($1) }, try golden.scalar("\(name).\(part)_sum"))
      try #require(abs(sum - expected) <= 8, "the \(part) differs from that of dump_likeness.py")
    }
    let evaluator = LikenessEvaluator(extractor: extractor, painting: pictures[0], pool: pool)
    let found = evaluator.likeness(of: pictures[2], from: evaluator.frame(pictures[1]))
    for (value, part) in [(found.fine, "fine"), (found.stroke, "stroke"), (found.form, "form")] {
      let expected = try golden.scalar("\(name).\(part)")
      #expect(abs(value - expected) <= Self.scoreTolerance, "\(part): \(value) for \(expected)")
    }
    for (value, part) in [
      (found.content, "content"), (found.contrast, "contrast"), (found.chroma, "chroma"),
      (found.highFrequency, "grain"),
    ] {
      let expected = try golden.scalar("\(name).\(part)")
      #expect(abs(value - expected) <= Self.shareTolerance, "\(name) \(part): \(value) for \(expected)")
    }
    #expect(found.likeness == (found.fine + found.stroke + found.form) / 3)
  }

  @Test func anUnchangedFrameScores0AndThePainting100() {
    let picture = pictures(painting: (90, 70), frame: (100, 64))
    let evaluator = LikenessEvaluator(extractor: extractor, painting: picture[0], pool: pool)
    let untouched = evaluator.likeness(of: picture[1], from: evaluator.frame(picture[1]))
    #expect(untouched.fine == 0 && untouched.stroke == 0 && untouched.form == 0)
    // Each channel is divided by its standard deviation plus 0.001, and sums are rounded.
    #expect(abs(untouched.content - 1) < 1e-5)
    // If the frame is the painting itself, its distance is 0 and the figures must stay finite.
    let own = evaluator.likeness(of: picture[0], from: evaluator.frame(picture[0]))
    #expect(own.likeness == 100 && own.contrast == 1 && own.chroma == 1)
    #expect(own.content.isFinite && own.highFrequency.isFinite)
  }

  @Test func flatPicturesGiveFiniteFigures() {
    let flat = Picture(width: 16, height: 16, red: 90, green: 90, blue: 90)
    let other = pictures(painting: (40, 36), frame: (32, 16))
    for (painting, frame, painted) in [(flat, flat, flat), (other[0], flat, flat), (flat, other[1], other[2])] {
      let evaluator = LikenessEvaluator(extractor: extractor, painting: painting, pool: pool)
      let found = evaluator.likeness(of: painted, from: evaluator.frame(frame))
      for value in [found.likeness, found.content, found.contrast, found.chroma, found.highFrequency] {
        #expect(value.isFinite)
      }
    }
  }

  /// Generates pictures of one size as integers.
  private struct Canvas {
    let width: Int
    let height: Int

    init(_ width: Int, _ height: Int) { (self.width, self.height) = (width, height) }

    func noise(seed: UInt32) -> [Int] {
      syntheticImage(width: width, height: height, seed: seed).elements.map { Int($0) }
    }

    /// Returns single-coloured squares.
    func patches(_ side: Int, seed: UInt32) -> [Int] {
      let across = (width + side - 1) / side
      let colors = syntheticImage(width: across, height: (height + side - 1) / side, seed: seed).elements
      return (0..<width * height * 3).map { index in
        let (x, y) = (index / 3 % width / side, index / 3 / width / side)
        return Int(colors[3 * (y * across + x) + index % 3])
      }
    }

    /// Returns the weighted mean, rounded down.
    func mixed(_ parts: [(weight: Int, values: [Int])]) -> [Int] {
      let total = parts.reduce(0) { $0 + $1.weight }
      return (0..<3 * width * height).map { index in
        parts.reduce(0) { $0 + $1.weight * $1.values[index] } / total
      }
    }

    func picture(_ values: [Int]) -> Picture {
      Picture(width: width, height: height, pixels: values.map { UInt8($0) })
    }
  }
}
