import FFmpeg
import Imaging
import TestSupport
import Testing

@Suite struct MaskPlaneTests {
  private func plane(_ width: Int, _ height: Int, seed: UInt64) -> MaskPlane {
    var random = Random(seed: seed)
    let plane = MaskPlane()
    plane.resize(width: width, height: height)
    for index in 0..<plane.count { plane.values[index] = random.uniform(in: 0...1) }
    return plane
  }

  private func values(_ plane: MaskPlane) -> [Double] { (0..<plane.count).map { Double(plane.values[$0]) } }

  /// The reference for the blur: three boxes in double precision, each by its definition.
  private func blurred(_ plane: MaskPlane, reach: Double) -> [Double] {
    let (width, height) = (plane.width, plane.height)
    func box(_ values: [Double], extent: Int, _ index: (_ line: Int, _ place: Int) -> Int) -> [Double] {
      let radius = min(reach / 3, Double(extent))
      let whole = Int(radius)
      var result = values
      for line in 0..<values.count / extent {
        for place in 0..<extent {
          var sum = 0.0
          for offset in -whole - 1...whole + 1 {
            let weight = abs(offset) > whole ? radius - Double(whole) : 1
            sum += weight * values[index(line, min(extent - 1, max(0, place + offset)))]
          }
          result[index(line, place)] = sum / (2 * radius + 1)
        }
      }
      return result
    }
    var result = values(plane)
    for _ in 0..<3 {
      result = box(result, extent: width) { $0 * width + $1 }
      result = box(result, extent: height) { $1 * width + $0 }
    }
    return result
  }

  @Test(arguments: [(1, 1), (7, 5), (37, 22), (6, 31)], [0.4, 3, 7.5, 40])
  func blurringEqualsItsDefinition(size: (Int, Int), reach: Double) {
    let plane = plane(size.0, size.1, seed: 3)
    let expected = blurred(plane, reach: reach)
    MaskBlur().apply(to: plane, reach: reach)
    // Running sums of up to 80 floats, each rounded to 24 bits, in six passes.
    for (found, wanted) in zip(values(plane), expected) { #expect(abs(found - wanted) < 1e-5) }
  }

  /// An edge is spread over the reach on both sides; fractions of a pixel leave a small rest behind it.
  @Test(arguments: [3.0, 10, 4.5]) func anEdgeIsSpreadOverTheReach(reach: Double) {
    let plane = MaskPlane()
    plane.resize(width: 64, height: 3)
    for index in 0..<plane.count { plane.values[index] = index % 64 < 32 ? 0 : 1 }
    MaskBlur().apply(to: plane, reach: reach)
    plane.finish()
    let row = Array(values(plane)[64..<128])
    #expect(zip(row, row.dropFirst()).allSatisfy { $0 <= $1 })
    let (inner, outer) = (Int(reach) - 1, Int(reach.rounded(.up)))
    #expect(row[31 - outer] < 0.005 && row[32 + outer] > 0.995 && row[31 - inner] > 0 && row[32 + inner] < 1)
    #expect(row[28 - outer] == 0 && row[35 + outer] == 1)
    #expect(abs(row[31] + row[32] - 1) < 1e-6)
  }

  @Test func rangesHaveSoftEdges() {
    let plane = MaskPlane()
    plane.resize(width: 101, height: 1)
    func select(_ range: ClosedRange<Float>) -> [Double] {
      for index in 0...100 { plane.values[index] = Float(index) / 100 }
      plane.select(range, softness: 0.1)
      return values(plane)
    }
    let middle = select(0.3...0.7)
    #expect(middle[24] == 0 && middle[36] == 1 && middle[64] == 1 && middle[76] == 0)
    #expect(abs(middle[30] - 0.5) < 1e-5 && abs(middle[70] - 0.5) < 1e-5)
    // t = 0.8: 3·0.64 − 2·0.512.
    #expect(abs(middle[33] - 0.896) < 1e-4)
    // Ends at black and white have no edge.
    #expect(select(0...1).allSatisfy { $0 == 1 })
    #expect(select(0...0.5)[0] == 1 && select(0.5...1)[100] == 1)
  }

  @Test func weightsAreLimited() {
    let plane = MaskPlane()
    plane.resize(width: 7, height: 1)
    for (index, value) in ([-0.1, 0, 1e-7, 0.5, 0.9999999, 1.2, .nan] as [Float]).enumerated() {
      plane.values[index] = value
    }
    plane.finish()
    #expect(values(plane) == [0, 0, 0, 0.5, 1, 1, 0])
    plane.invert()
    #expect(values(plane) == [1, 1, 1, 0.5, 0, 0, 1])
  }

  @Test func fieldsHaveEveryOtherRow() {
    let plane = plane(3, 5, seed: 1)
    for row in 0..<3 {
      #expect(plane.rows(ofField: false).row(row)[1] == plane.values[3 * 2 * row + 1])
      // The bottom field of five rows has two: the last row of the frame stands for the third.
      #expect(plane.rows(ofField: true).row(row)[1] == plane.values[3 * min(4, 2 * row + 1) + 1])
    }
  }

  /// Chroma gets the mean of the pixels that it covers: for 4:2:0 with the usual position, the weights 1 2 1 across and
  /// 1 1 down.
  @Test(arguments: ["yuv420p", "yuv422p", "yuv444p", "yuv410p", "yuvj420p"], [(8, 6), (7, 5), (1, 1)])
  func chromaGetsTheMean(name: String, size: (Int, Int)) throws {
    let (width, height) = size
    let format = VideoFormat(width: width, height: height, pixelFormat: try #require(PixelFormat(named: name)))
    let mask = plane(width, height, seed: 5)
    let sampling = MaskSampling(format)
    let weights: (across: [Int: Double], down: [Int: Double]) =
      switch name {
      case "yuv420p": ([-1: 0.25, 0: 0.5, 1: 0.25], [0: 0.5, 1: 0.5])
      case "yuvj420p": ([0: 0.5, 1: 0.5], [0: 0.5, 1: 0.5])
      case "yuv422p": ([-1: 0.25, 0: 0.5, 1: 0.25], [0: 1])
      case "yuv410p": ([-2: 0.125, -1: 0.25, 0: 0.25, 1: 0.25, 2: 0.125], [0: 0.25, 1: 0.25, 2: 0.25, 3: 0.25])
      default: ([0: 1], [0: 1])
      }
    let shift = format.pixelFormat.chromaShift
    let extents = format.pixelFormat.extents(of: 1, width: width, height: height)
    for y in 0..<extents.height {
      let row = sampling.weights(of: mask.rows, row: y, isChroma: true)
      for x in 0..<extents.width {
        var expected = 0.0
        for (down, rowWeight) in weights.down {
          for (across, weight) in weights.across {
            let place = (
              min(width - 1, max(0, (x << shift.horizontal) + across)),
              min(height - 1, max(0, (y << shift.vertical) + down))
            )
            expected += rowWeight * weight * Double(mask.values[place.1 * width + place.0])
          }
        }
        #expect(abs(Double(row[x]) - expected) < 1e-6, "\(x), \(y)")
      }
    }
  }

  private static let lumas: [(name: String, sample: Int, luma: Double)] = [
    ("gray", 200, 0.784314), ("yuv420p", 126, 0.502283), ("yuvj420p", 126, 0.494118),
    ("yuv420p10le", 504, 0.502283), ("rgb24", 90, 0.352941), ("rgba", 90, 0.352941), ("gbrp16le", 30_000, 0.457771),
    ("ya8", 60, 0.235294),
  ]

  /// The luma of every format is that of its samples, and alpha that of the frame. Limited range begins at 16 and has
  /// 219 steps of 8 bits.
  @Test(arguments: lumas)
  func lumaIsRead(name: String, sample: Int, expected: Double) throws {
    let format = VideoFormat(width: 5, height: 3, pixelFormat: try #require(PixelFormat(named: name)))
    let frame = try Frame(format)
    frame.clearSamples()
    for component in 0..<format.pixelFormat.componentCount {
      let size = format.pixelFormat.extents(of: component, width: 5, height: 3)
      let isChroma = !format.pixelFormat.isRGB && !format.pixelFormat.isGray && component > 0 && component < 3
      for y in 0..<size.height {
        let value = isChroma ? 1 << (format.pixelFormat.bitDepth - 1) : sample
        frame.writeSamples(
          component: component, row: y, count: size.width, from: [UInt16](repeating: UInt16(value), count: size.width))
      }
    }
    let mask = MaskPlane()
    let reader = MaskReader()
    try reader.readLuma(frame, into: mask)
    #expect(mask.width == 5 && mask.height == 3)
    #expect(values(mask).allSatisfy { abs($0 - expected) < 1e-5 })
    try reader.readAlpha(frame, into: mask)
    let alpha = format.pixelFormat.hasAlpha ? Double(sample) / 255 : 1
    #expect(values(mask).allSatisfy { abs($0 - alpha) < 1e-5 })
  }

  /// Light in OpenEXR counts as it is, not on the curve that pictures get.
  @Test func lightIsReadAsItIs() throws {
    let format = VideoFormat(width: 4, height: 1, pixelFormat: try #require(PixelFormat(named: "gbrpf32le")))
    let frame = try Frame(format)
    for component in 0..<3 {
      let row = try #require(frame.floats(component: component, row: 0))
      for (x, light) in ([0.25, 1, 7, .nan] as [Float]).enumerated() { row[x] = light }
    }
    let mask = MaskPlane()
    try MaskReader().readLuma(frame, into: mask)
    // The three weights add up to 1 with the rounding of a float.
    for (found, wanted) in zip(values(mask), [0.25, 1, 1, 0]) { #expect(abs(found - wanted) < 1e-6) }
  }

  @Test func resizingKeepsPlainAreas() {
    let (small, large) = (MaskPlane(), MaskPlane())
    small.resize(width: 8, height: 6)
    large.resize(width: 31, height: 17)
    for index in 0..<small.count { small.values[index] = index % 8 < 4 ? 0 : 1 }
    var resizer = MaskResizer()
    resizer.resize(small, into: large)
    large.finish()
    for y in 0..<17 {
      let row = Array(values(large)[31 * y..<31 * (y + 1)])
      #expect(row[..<8].allSatisfy { $0 == 0 } && row[23...].allSatisfy { $0 == 1 })
      #expect(abs(row[15] - 0.5) < 1e-3, "the edge is in the middle")
    }
  }
}
