/// A picture as the last kernel writes it: RGB of bytes or floats. The caller owns the memory.
///
/// A value `x` becomes `f(x + bias)`, with `f` the ``PictureScaling``; ``RevisionPass`` has neither. Bytes are clamped to 0…255 and rounded to the nearest whole
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
  /// What is added to each colour, `[3]`; nil means nothing. For the kernels of ``ToPictureAlgorithm``.
  public var bias: UnsafePointer<Float>?
  /// What becomes of the values. For the kernels of ``ToPictureAlgorithm`` and ``PicturePass``.
  public var scaling: PictureScaling

  /// A picture of `width` × `height`.
  public init(
    _ storage: Storage, width: Int, height: Int, bias: UnsafePointer<Float>? = nil,
    scaling: PictureScaling = PictureScaling(tanh: nil)
  ) {
    self.storage = storage
    self.width = width
    self.height = height
    self.bias = bias
    self.scaling = scaling
  }
}

extension PictureOutput {
  /// Writes blocks of 2×2 pixels beside one another, the first at (`row`, `column`), with values in front of ``scaling``; the picture
  /// ends at column `limit` at the latest.
  ///
  /// `raw` gives two vectors of each block: upper and lower pair of red, then of green; and the same of blue, with a rest that does not
  /// matter.
  @inline(__always)
  func writeBlocks2(
    columns: Int, row: Int, column first: Int = 0, limit: Int = .max,
    _ raw: (_ block: Int, _ column: Int) -> Lanes
  ) {
    let scaling = scaling
    for column in stride(from: 0, to: columns, by: 2) {
      // Beyond the last block of an odd row the same one again, which is not written.
      let next = column + 1 < columns ? column + 1 : column
      let (colours, nextColours) = (raw(0, column), raw(0, next))
      let (blue, nextBlue) = (raw(1, column), raw(1, next))
      let pixels = ColourLanes(
        red: scaling.apply(Lanes(lowHalf: colours.lowHalf, highHalf: nextColours.lowHalf)),
        green: scaling.apply(Lanes(lowHalf: colours.highHalf, highHalf: nextColours.highHalf)),
        blue: scaling.apply(Lanes(lowHalf: blue.lowHalf, highHalf: nextBlue.lowHalf)), picture: self)
      let place = first + 2 * column
      pixels.write(lane: 0, count: 2, row: row, column: place, limit: limit)
      pixels.write(lane: 2, count: 2, row: row + 1, column: place, limit: limit)
      guard column + 1 < columns else { continue }
      pixels.write(lane: 4, count: 2, row: row, column: place + 2, limit: limit)
      pixels.write(lane: 6, count: 2, row: row + 1, column: place + 2, limit: limit)
    }
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
