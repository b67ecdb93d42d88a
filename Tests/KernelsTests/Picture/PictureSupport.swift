import Kernels
import TestSupport
import Tensors
import Testing

/// A picture with gaps between rows, as bytes and as floats of the same values. The content of the gaps must not
/// matter.
struct StridedPicture {
  static let gap = 5
  let width: Int
  let height: Int
  let bytes: [UInt8]
  private let floats: GuardedBuffer

  private var stride: Int { 3 * width + Self.gap }

  init(width: Int, height: Int, random: inout Random) {
    self.width = width
    self.height = height
    // The last row ends with its pixels, which are followed by the guards.
    let count = height * (3 * width + Self.gap) - Self.gap
    let stride = 3 * width + Self.gap
    bytes = (0..<count).map { $0 % stride < 3 * width ? UInt8.random(in: 0...255, using: &random) : 0xEE }
    floats = GuardedBuffer(bytes.enumerated().map { $0 % stride < 3 * width ? Float($1) : .nan })
  }

  /// Calls `body` with the bytes, then with the floats, and returns both results.
  func withInputs<Result>(_ body: (PictureInput) -> Result) -> (bytes: Result, floats: Result) {
    func bodyOnBytes(_ bytes: UnsafePointer<UInt8>) -> Result { body(PictureInput(.bytes(bytes, stride: stride))) }
    let fromBytes = bodyOnBytes(bytes)
    let fromFloats = body(PictureInput(.floats(floats.pointer, stride: stride)))
    expectIntact(floats)
    return (fromBytes, fromFloats)
  }

  /// Returns `[1, extendedHeight, extendedWidth, 3]`, reflected at the right and bottom edges.
  func extended(width extendedWidth: Int, height extendedHeight: Int) -> ReferenceTensor {
    var result = ReferenceTensor(Shape(batch: 1, height: extendedHeight, width: extendedWidth, channels: 3))
    for y in 0..<extendedHeight {
      for x in 0..<extendedWidth {
        for channel in 0..<3 {
          let (row, column) = (Self.mirrored(y, height), Self.mirrored(x, width))
          result[0, y, x, channel] = Double(bytes[row * stride + 3 * column + channel])
        }
      }
    }
    return result
  }

  /// Walks from 0 and turns at both ends.
  private static func mirrored(_ position: Int, _ extent: Int) -> Int {
    var (place, direction) = (0, 1)
    guard extent > 1 else { return 0 }
    for _ in 0..<position {
      if place + direction < 0 || place + direction >= extent { direction = -direction }
      place += direction
    }
    return place
  }
}

/// A picture that a kernel has written, without the gaps between its rows.
struct WrittenPicture: Equatable {
  var bytes: [UInt8]
  var floats: [Float]
}

/// Calls `kernel` with a picture of bytes, then with one of floats, and expects that only pixels are written.
func writtenPicture(width: Int, height: Int, _ kernel: (PictureOutput) -> Void) -> WrittenPicture {
  let gap = 7
  let stride = 3 * width + gap
  var bytes = [UInt8](repeating: 0xAB, count: 32 + height * stride)
  func kernelOnBytes(_ bytes: UnsafeMutablePointer<UInt8>) {
    kernel(PictureOutput(.bytes(bytes + 16, stride: stride), width: width, height: height))
  }
  kernelOnBytes(&bytes)
  let floats = GuardedBuffer(count: height * stride, filledWith: -1e30)
  kernel(PictureOutput(.floats(floats.pointer, stride: stride), width: width, height: height))
  expectIntact(floats)
  #expect(bytes.prefix(16).allSatisfy { $0 == 0xAB } && bytes.suffix(16).allSatisfy { $0 == 0xAB })
  let rows = floats.elements
  var result = WrittenPicture(bytes: [], floats: [])
  for row in 0..<height {
    let first = row * stride
    let byteRow = bytes[16 + first..<16 + first + stride]
    let floatRow = rows[first..<first + stride]
    result.bytes += byteRow.prefix(3 * width)
    result.floats += floatRow.prefix(3 * width)
    #expect(byteRow.suffix(gap).allSatisfy { $0 == 0xAB }, "after row \(row)")
    #expect(floatRow.suffix(gap).allSatisfy { $0 == -1e30 }, "after row \(row)")
  }
  return result
}

/// Returns the nearest integers in 0…255, with ties to even, and 0 for NaN.
func nearestBytes(_ values: [Float]) -> [UInt8] {
  values.map { $0.isNaN ? 0 : UInt8(max(0, min(255, $0.rounded(.toNearestOrEven)))) }
}

/// Returns the top left `height` × `width` pixels.
func topLeft(_ input: ReferenceTensor, height: Int, width: Int) -> ReferenceTensor {
  var result = ReferenceTensor(Shape(batch: 1, height: height, width: width, channels: input.shape.channels))
  for y in 0..<height {
    for x in 0..<width {
      for channel in 0..<input.shape.channels { result[0, y, x, channel] = input[0, y, x, channel] }
    }
  }
  return result
}
