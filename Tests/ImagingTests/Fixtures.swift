import Foundation
import Imaging
import Testing

/// The pictures that `make_fixtures.py` writes, and their samples.
enum Fixtures {
  static let width = 24
  static let height = 16

  static func path(_ name: String) throws -> String {
    try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures/\(name)").path
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: try path(name))))
  }

  static func picture(_ pixel: (Int, Int) -> (Int, Int, Int)) -> Picture {
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        let (red, green, blue) = pixel(x, y)
        pixels += [UInt8(red), UInt8(green), UInt8(blue)]
      }
    }
    return Picture(width: width, height: height, pixels: pixels)
  }

  /// A linear gradient in each channel.
  static var colors: Picture { picture { x, y in (10 * x, 15 * y, 255 - 5 * x - 6 * y) } }

  static var alpha: [UInt8] {
    plane { x, y in UInt8(min(255, 16 * y + 5 * (x % 3))) }
  }

  /// Creates a plane of the pictures' size from the value of each pixel.
  static func plane(_ value: (Int, Int) -> UInt8) -> [UInt8] {
    (0..<width * height).map { value($0 % width, $0 / width) }
  }
}

/// Returns the maximum difference between two sample arrays, or 256 if their counts differ.
func maximumDifference(_ a: [UInt8], _ b: [UInt8]) -> Int {
  a.count == b.count ? zip(a, b).map { abs(Int($0) - Int($1)) }.max() ?? 0 : 256
}

/// Returns the maximum difference between the colours of two pictures, or 256 if their sizes differ.
func maximumDifference(_ a: Picture, _ b: Picture) -> Int {
  a.width == b.width ? maximumDifference(a.pixels, b.pixels) : 256
}
