/// Conversion between 8-bit YUV 4:2:0, the format of decoders and encoders, and pixels of three bytes (RGB24) of the
/// same size.
///
/// With `Y' = (Y − offset) · 255/range` and `U', V'` centred and scaled likewise (ITU-T H.273, equations 56 to 58):
///
///     R = Y' + 2(1 − Kr)·V'      B = Y' + 2(1 − Kb)·U'      G = (Y' − Kr·R − Kb·B) / Kg,  Kg = 1 − Kr − Kb
///
/// To RGB, chroma is interpolated along both axes. From RGB, it is the mean of two rows, and across them the mean of
/// two columns or, if the samples are on the even columns, of three with weights 1 2 1. Values are rounded to the
/// nearest integer.
package struct YUV420Conversion: Sendable, Equatable {
  /// The horizontal position of chroma samples. Vertically they are halfway between two rows of luma.
  package enum Siting: Sendable {
    /// On the even columns, as in MPEG-2 and later.
    case left
    /// Between two columns, as in JPEG and MPEG-1.
    case centre
  }

  /// The meaning of the samples.
  package struct Colours: Sendable, Equatable {
    /// The weight of red in luma, Kr: 0.2126 for BT.709.
    package let red: Float
    /// The weight of blue in luma, Kb: 0.0722 for BT.709.
    package let blue: Float
    /// Whether the samples use 0…255 rather than 16…235 for luma and 16…240 for chroma.
    package let isFullRange: Bool

    /// Creates the colours of a matrix and a range.
    package init(red: Float, blue: Float, isFullRange: Bool) {
      self.red = red
      self.blue = blue
      self.isFullRange = isFullRange
    }
  }

  /// The planes of a picture. Strides are in bytes between rows. The caller owns the memory.
  package struct Planes {
    let y: UnsafeMutablePointer<UInt8>
    let u: UnsafeMutablePointer<UInt8>
    let v: UnsafeMutablePointer<UInt8>
    let yStride: Int
    let uStride: Int
    let vStride: Int

    /// Creates planes: luma in the size of the picture, and chroma in half its width and half its height.
    package init(
      y: UnsafeMutablePointer<UInt8>, yStride: Int, u: UnsafeMutablePointer<UInt8>, uStride: Int,
      v: UnsafeMutablePointer<UInt8>, vStride: Int
    ) {
      (self.y, self.u, self.v) = (y, u, v)
      (self.yStride, self.uStride, self.vStride) = (yStride, uStride, vStride)
    }
  }

  /// The number of pixels that are converted at a time.
  static let step = 16

  /// The width in pixels.
  package let width: Int
  /// The height in pixels.
  package let height: Int
  let siting: Siting
  let colours: Colours

  /// Creates a conversion of pictures of `width` × `height`. Returns nil if it does not support them: for an odd side,
  /// fewer than 16 columns, or invalid weights, as of matrices without luma (YCgCo).
  package init?(width: Int, height: Int, siting: Siting, colours: Colours) {
    guard width >= Self.step, height >= 2, width % 2 + height % 2 == 0 else { return nil }
    guard colours.red > 0, colours.blue > 0, colours.red + colours.blue < 1 else { return nil }
    self.width = width
    self.height = height
    self.siting = siting
    self.colours = colours
  }

  /// The ranges of luma and chroma, of 255, and the offset of luma.
  var levels: (luma: Float, chroma: Float, offset: Float) {
    colours.isFullRange ? (255, 255, 0) : (219, 224, 16)
  }

  /// The floats of scratch space for a call. The caller owns it.
  package var scratchCount: Int { 3 * rowLength }

  /// The floats of a row of scratch: a row extended by a neighbour beyond both ends.
  var rowLength: Int { width + 2 * laneCount }

  /// Calls `body` with the first column of each group of ``step``. The last group ends with the row and may overlap the
  /// one before.
  @inline(__always)
  func forEachGroup(_ body: (_ column: Int) -> Void) {
    for group in 0..<(width + Self.step - 1) / Self.step { body(min(group * Self.step, width - Self.step)) }
  }
}
