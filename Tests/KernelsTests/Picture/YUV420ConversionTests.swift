import Kernels
import TestSupport
import Testing

@Suite struct YUV420ConversionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let width: Int
    let height: Int
    let isLeft: Bool
    let isFullRange: Bool

    var testDescription: String {
      "\(width)×\(height), \(isLeft ? "left" : "centre"), \(isFullRange ? "full" : "limited")"
    }

    /// The minimum, tails of every even length, more than one group, rows in pairs.
    private static let sizes = [
      (16, 2), (18, 4), (20, 2), (22, 6), (24, 2), (26, 4), (28, 2), (30, 2), (32, 8), (46, 10),
    ]

    static let all: [Case] = sizes.flatMap { width, height in
      [(true, true), (true, false), (false, true), (false, false)].map {
        Case(width: width, height: height, isLeft: $0.0, isFullRange: $0.1)
      }
    }

    /// The reference conversion of BT.709.
    var reference: ReferenceYUV420 {
      ReferenceYUV420(
        width: width, height: height, isLeft: isLeft, red: 0.2126, blue: 0.0722, isFullRange: isFullRange)
    }

    func conversion() throws -> YUV420Conversion {
      try #require(
        YUV420Conversion(
          width: width, height: height, siting: isLeft ? .left : .centre,
          colours: .init(red: 0.2126, blue: 0.0722, isFullRange: isFullRange)))
    }
  }

  /// Rows of bytes with a gap after each, except the last.
  final class Plane {
    static let gap = 3
    let width: Int
    let height: Int
    let start: UnsafeMutablePointer<UInt8>

    init(width: Int, height: Int) {
      self.width = width
      self.height = height
      // The gap after the last row as well, so that writes there are noticed.
      start = .allocate(capacity: height * (width + Self.gap))
      start.initialize(repeating: 0xEE, count: height * (width + Self.gap))
    }

    convenience init(width: Int, height: Int, random: inout Random) {
      self.init(width: width, height: height)
      for row in 0..<height {
        for column in 0..<width { start[row * stride + column] = UInt8.random(in: 0...255, using: &random) }
      }
    }

    deinit { start.deallocate() }

    var stride: Int { width + Self.gap }
    var rows: [[UInt8]] {
      (0..<height).map { Array(UnsafeBufferPointer(start: start + $0 * stride, count: width)) }
    }
    var gapsAreIntact: Bool {
      (0..<height).allSatisfy { row in (width..<stride).allSatisfy { start[row * stride + $0] == 0xEE } }
    }
  }

  private func planes(_ y: Plane, _ u: Plane, _ v: Plane) -> YUV420Conversion.Planes {
    .init(y: y.start, yStride: y.stride, u: u.start, uStride: u.stride, v: v.start, vStride: v.stride)
  }

  /// Half a step of rounding, plus the error of eight products in floats.
  private static let tolerance = 0.5 + 1e-3

  private func expect(_ found: Plane, agreesWith expected: [Double]) {
    #expect(found.gapsAreIntact)
    let differences = zip(found.rows.joined(), expected).map { abs(Double($0) - min(max($1, 0), 255)) }
    #expect(differences.count == expected.count)
    #expect((differences.max() ?? .infinity) <= Self.tolerance)
  }

  @Test("YUV to RGB follows the formulas", arguments: Case.all)
  func toRGB(_ example: Case) throws {
    var random = Random(seed: 61)
    let y = Plane(width: example.width, height: example.height, random: &random)
    let u = Plane(width: example.width / 2, height: example.height / 2, random: &random)
    let v = Plane(width: example.width / 2, height: example.height / 2, random: &random)
    let result = Plane(width: 3 * example.width, height: example.height)
    let conversion = try example.conversion()
    let scratch = GuardedBuffer(count: conversion.scratchCount)
    conversion.toRGB(planes(y, u, v), output: result.start, stride: result.stride, scratch: scratch.pointer)
    expectIntact(scratch)
    expect(result, agreesWith: example.reference.rgb(y: y.rows, u: u.rows, v: v.rows))
  }

  @Test("RGB to YUV follows the formulas", arguments: Case.all)
  func fromRGB(_ example: Case) throws {
    var random = Random(seed: 62)
    let source = Plane(width: 3 * example.width, height: example.height, random: &random)
    let y = Plane(width: example.width, height: example.height)
    let u = Plane(width: example.width / 2, height: example.height / 2)
    let v = Plane(width: example.width / 2, height: example.height / 2)
    let conversion = try example.conversion()
    let scratch = GuardedBuffer(count: conversion.scratchCount)
    conversion.fromRGB(source.start, stride: source.stride, into: planes(y, u, v), scratch: scratch.pointer)
    expectIntact(scratch)
    let expected = example.reference.yuv(Array(source.rows.joined()))
    for (plane, values) in [(y, expected.y), (u, expected.u), (v, expected.v)] { expect(plane, agreesWith: values) }
  }

  @Test("Odd sides, fewer columns than a group and invalid weights are rejected")
  func refused() {
    for (width, height) in [(14, 2), (17, 2), (16, 3), (16, 0), (0, 0)] {
      #expect(
        YUV420Conversion(
          width: width, height: height, siting: .left, colours: .init(red: 0.299, blue: 0.114, isFullRange: true))
          == nil)
    }
    for (red, blue) in [(1, 1), (0, 0.1), (0.3, 0), (0.5, 0.5), (.nan, 0.1)] as [(Float, Float)] {
      #expect(
        YUV420Conversion(
          width: 16, height: 2, siting: .left, colours: .init(red: red, blue: blue, isFullRange: true)) == nil)
    }
  }
}
