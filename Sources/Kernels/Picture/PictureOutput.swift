/// An output picture: RGB bytes or floats. The caller owns the memory.
///
/// A value `x` becomes `f(x + bias)`, where `f` is the ``PictureScaling``; ``RevisionPass`` ignores both. Bytes are
/// clamped to 0…255 and rounded to the nearest integer, with ties to even, and NaN becomes 0. Floats are not clamped or
/// rounded.
public struct PictureOutput: @unchecked Sendable {
  /// The memory and the type of the values.
  public enum Storage {
    /// Three bytes per pixel. Rows are `stride` bytes apart, and the bytes between them are not changed.
    case bytes(UnsafeMutablePointer<UInt8>, stride: Int)
    /// `[height, width, 3]`.
    case floats(UnsafeMutablePointer<Float>, stride: Int)
  }

  /// The memory that is written.
  package let storage: Storage
  /// The width in pixels. Columns that the network adds at the right are not written.
  package let width: Int
  /// The height in pixels. Rows that the network adds at the bottom are not written.
  package let height: Int
  /// The bias of each colour, `[3]`; nil for none. Used by the kernels of ``ToPictureAlgorithm``.
  package var bias: UnsafePointer<Float>?
  /// The scaling of the values. Used by the kernels of ``ToPictureAlgorithm`` and ``PicturePass``.
  package var scaling: PictureScaling

  /// Creates a picture of `width` × `height`.
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
  /// Writes neighbouring blocks of 2×2 pixels, the first at (`row`, `column`), from values before ``scaling``. Nothing
  /// is written from column `limit` on.
  ///
  /// `raw` returns two vectors for each block: the upper and lower pairs of red, then of green; and the same of blue,
  /// followed by values that are ignored.
  @inline(__always)
  func writeBlocks2(
    columns: Int, row: Int, column first: Int = 0, limit: Int = .max,
    _ raw: (_ block: Int, _ column: Int) -> Lanes
  ) {
    let scaling = scaling
    for column in stride(from: 0, to: columns, by: 2) {
      // After the last block of an odd row, the same block again, which is not written.
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

/// The scaling of a network's last values.
public struct PictureScaling: Sendable, Equatable {
  /// `scale · tanh(x) + offset`; nil for `x` itself.
  package let tanh: (scale: Float, offset: Float)?

  /// Creates a scaling; nil leaves values unchanged.
  public init(tanh: (scale: Float, offset: Float)?) { self.tanh = tanh }

  /// Whether both scalings are the same.
  public static func == (a: PictureScaling, b: PictureScaling) -> Bool {
    a.tanh?.scale == b.tanh?.scale && a.tanh?.offset == b.tanh?.offset
  }

  @inline(__always)
  func apply(_ value: Lanes) -> Lanes {
    guard let tanh else { return value }
    return Lanes(repeating: tanh.offset).addingProduct(Lanes(repeating: tanh.scale), hyperbolicTangent(value))
  }
}
