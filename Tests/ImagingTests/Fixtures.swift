import Foundation
import Imaging
import Testing

/// The pictures that `make_fixtures.py` writes, and the samples that it writes into them.
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

  /// A slope in each channel.
  static var colors: Picture { picture { x, y in (10 * x, 15 * y, 255 - 5 * x - 6 * y) } }

  static var alpha: [UInt8] {
    plane { x, y in UInt8(min(255, 16 * y + 5 * (x % 3))) }
  }

  /// A plane of the pictures' size, from a value for each place.
  static func plane(_ value: (Int, Int) -> UInt8) -> [UInt8] {
    (0..<width * height).map { value($0 % width, $0 / width) }
  }
}

/// The greatest difference of two sample arrays; 256 where the counts differ.
func greatestDifference(_ a: [UInt8], _ b: [UInt8]) -> Int {
  a.count == b.count ? zip(a, b).map { abs(Int($0) - Int($1)) }.max() ?? 0 : 256
}

/// The greatest difference of two pictures' colours; 256 where the sizes differ.
func greatestDifference(_ a: Picture, _ b: Picture) -> Int {
  a.width == b.width ? greatestDifference(a.pixels, b.pixels) : 256
}
