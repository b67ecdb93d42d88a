/// A picture as the last kernel writes it: RGB of bytes or floats. The caller owns the memory.
///
/// A value `x` becomes `offset + scale · tanh(x)` where that is asked for. Bytes are clamped to 0…255 and rounded to the nearest whole
/// number (the even one of two), NaN becomes 0; floats are left as they are.
public struct PictureOutput: @unchecked Sendable {
  /// Where the values go and of what kind.
  public enum Storage {
    /// Three bytes a pixel; rows are `stride` bytes apart, and what lies between them is not touched.
    case bytes(UnsafeMutablePointer<UInt8>, stride: Int)
    /// `[height, width, 3]`.
    case floats(UnsafeMutablePointer<Float>, stride: Int)
  }

  /// Where.
  public let storage: Storage
  /// The pixels to write of each row: what the network adds at the right is left out.
  public let width: Int
  /// The rows to write.
  public let height: Int

  /// A picture of `width` × `height`.
  public init(_ storage: Storage, width: Int, height: Int) {
    self.storage = storage
    self.width = width
    self.height = height
  }
}

/// What becomes of a network's last values.
public struct PictureScaling: Sendable, Equatable {
  /// `scale · tanh(x) + offset`, or `x` itself.
  public let tanh: (scale: Float, offset: Float)?

  /// A scaling; nil leaves values as they are.
  public init(tanh: (scale: Float, offset: Float)?) { self.tanh = tanh }

  /// Whether both do the same.
  public static func == (a: PictureScaling, b: PictureScaling) -> Bool {
    a.tanh?.scale == b.tanh?.scale && a.tanh?.offset == b.tanh?.offset
  }

  @inline(__always)
  func apply(_ value: Lanes) -> Lanes {
    guard let tanh else { return value }
    return Lanes(repeating: tanh.offset).addingProduct(Lanes(repeating: tanh.scale), hyperbolicTangent(value))
  }
}

/// The nearest whole numbers of 0…255; NaN becomes 0.
@inline(__always)
func roundedBytes(_ lanes: Lanes) -> SIMD8<UInt8> { SIMD8<UInt8>(truncatingIfNeeded: roundedBits(lanes)) }

/// The same as words.
@inline(__always)
func roundedWords(_ lanes: Lanes) -> SIMD8<UInt32> { roundedBits(lanes) & SIMD8<UInt32>(repeating: 255) }

@inline(__always)
private func roundedBits(_ lanes: Lanes) -> SIMD8<UInt32> {
  var value = Lanes.zero.replacing(with: lanes, where: lanes .> Lanes.zero)
  value.replace(with: Lanes(repeating: 255), where: value .> 255)
  // At 2²³ a float's last bit is worth 1: the addition rounds, and the low byte of the bits is the whole number.
  return unsafeBitCast(value + 0x1p23, to: SIMD8<UInt32>.self)
}
