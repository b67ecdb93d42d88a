/// Between YUV 4:2:0 of eight bits, as decoders give and encoders take it, and pixels of three bytes (RGB24), at one size.
///
/// With `Y' = (Y − offset) · 255/range` and `U', V'` centred and scaled likewise (ITU-T H.273, equations 56 to 58):
///
///     R = Y' + 2(1 − Kr)·V'      B = Y' + 2(1 − Kb)·U'      G = (Y' − Kr·R − Kb·B) / Kg,  Kg = 1 − Kr − Kb
///
/// On the way in chroma is interpolated along both axes; on the way out it is the mean of two rows, and across them the mean of two
/// columns or, where the samples lie on the even columns, of three with weights 1 2 1. Values are rounded to the nearest.
public struct YUV420Conversion: Sendable, Equatable {
  /// Where chroma lies between the columns of luma; between the rows it lies in the middle.
  public enum Siting: Sendable {
    /// On the even columns: MPEG-2 and later.
    case left
    /// Between two columns: JPEG and MPEG-1.
    case centre
  }

  /// What the samples mean.
  public struct Colours: Sendable, Equatable {
    /// The weight of red in luma, Kr: 0.2126 of BT.709.
    public let red: Float
    /// The weight of blue in luma, Kb: 0.0722 of BT.709.
    public let blue: Float
    /// Whether all of 0…255 is used, and not 16…235 for luma and 16…240 for chroma.
    public let isFullRange: Bool

    /// The colours of a matrix and a range.
    public init(red: Float, blue: Float, isFullRange: Bool) {
      self.red = red
      self.blue = blue
      self.isFullRange = isFullRange
    }
  }

  /// The planes of a picture; the caller owns the memory. Strides are the bytes from row to row.
  public struct Planes {
    let y: UnsafeMutablePointer<UInt8>
    let u: UnsafeMutablePointer<UInt8>
    let v: UnsafeMutablePointer<UInt8>
    let yStride: Int
    let uStride: Int
    let vStride: Int

    /// Luma of the picture's size, and chroma of half its width and half its height.
    public init(
      y: UnsafeMutablePointer<UInt8>, yStride: Int, u: UnsafeMutablePointer<UInt8>, uStride: Int,
      v: UnsafeMutablePointer<UInt8>, vStride: Int
    ) {
      (self.y, self.u, self.v) = (y, u, v)
      (self.yStride, self.uStride, self.vStride) = (yStride, uStride, vStride)
    }
  }

  /// Pixels that are converted at a time.
  static let step = 16

  /// Pixels across.
  public let width: Int
  /// Pixels down.
  public let height: Int
  let siting: Siting
  let colours: Colours

  /// A conversion of pictures of `width` × `height`; nil where it does not serve: a side that is odd, less than 16 columns, or weights
  /// that are none, as of matrices that do not begin with luma (YCgCo).
  public init?(width: Int, height: Int, siting: Siting, colours: Colours) {
    guard width >= Self.step, height >= 2, width % 2 + height % 2 == 0 else { return nil }
    guard colours.red > 0, colours.blue > 0, colours.red + colours.blue < 1 else { return nil }
    self.width = width
    self.height = height
    self.siting = siting
    self.colours = colours
  }

  /// What luma and chroma span of 255, and where luma begins.
  var levels: (luma: Float, chroma: Float, offset: Float) {
    colours.isFullRange ? (255, 255, 0) : (219, 224, 16)
  }

  /// The floats of scratch that a call needs, which the caller owns.
  public var scratchCount: Int { 3 * rowLength }

  /// The floats of a row of scratch: one with a neighbour beyond both ends.
  var rowLength: Int { width + 2 * laneCount }

  /// Calls `body` for the first column of each group of ``step``; the last group ends with the row and may overlap the one before.
  @inline(__always)
  func forEachGroup(_ body: (_ column: Int) -> Void) {
    for group in 0..<(width + Self.step - 1) / Self.step { body(min(group * Self.step, width - Self.step)) }
  }
}
