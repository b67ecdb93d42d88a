/// The luma of a film's picture on its way from the reduction to the revision, as bytes or floats as the picture is. The caller owns the memory.
///
/// A row has the even columns first, then the odd ones: what a block of pixels needs lies side by side. Where the width is odd, the last
/// column is repeated. Each half is ``half(width:)`` values long.
public enum FilmLuma {
  /// Rounded to the nearest whole numbers.
  case bytes(UnsafeMutablePointer<UInt8>)
  /// As it is.
  case floats(UnsafeMutablePointer<Float>)

  /// Values of half a row, rounded up to whole vectors.
  static func half(width: Int) -> Int { paddedToLanes((width + 1) / 2) }

  /// Values of the luma of a picture of `width` × `height`.
  public static func count(width: Int, height: Int) -> Int { 2 * half(width: width) * height }
}
