/// The luma of a frame between its reduction and its revision, as bytes or floats like the picture. The caller owns the
/// memory.
///
/// A row stores the even columns first, then the odd ones, so that the values of neighbouring blocks are contiguous. If
/// the width is odd, the last column is repeated. Each half has ``half(width:)`` values.
package enum FrameLuma {
  /// Rounded to the nearest integers.
  case bytes(UnsafeMutablePointer<UInt8>)
  /// Not rounded.
  case floats(UnsafeMutablePointer<Float>)

  /// Returns the number of values in half a row, rounded up to whole vectors.
  static func half(width: Int) -> Int { paddedToLanes((width + 1) / 2) }

  /// Returns the number of luma values of a picture of `width` × `height`.
  package static func count(width: Int, height: Int) -> Int { 2 * half(width: width) * height }
}
