import FFmpeg

/// The orientation of a stored picture: the values of EXIF tag 0x0112.
public enum ExifOrientation: Int, Sendable, CaseIterable {
  /// Stored upright.
  case upright = 1
  /// Flipped left to right.
  case mirrored = 2
  /// Rotated by 180 degrees.
  case upsideDown = 3
  /// Flipped top to bottom.
  case flipped = 4
  /// Mirrored along the diagonal from top left to bottom right.
  case transposed = 5
  /// Must be rotated by 90 degrees clockwise.
  case quarterTurnClockwise = 6
  /// Mirrored along the diagonal from top right to bottom left.
  case transversed = 7
  /// Must be rotated by 90 degrees anticlockwise.
  case quarterTurnAnticlockwise = 8

  /// Creates the orientation nearest to `matrix`.
  ///
  /// A display matrix shows the stored pixel `(x, y)` at `(a·x + c·y, b·x + d·y)`, where `a`, `b`, `c` and `d` are its
  /// elements 0, 1, 3 and 4.
  init(_ matrix: DisplayMatrix) {
    let (a, b, c, d) = (matrix.values[0], matrix.values[1], matrix.values[3], matrix.values[4])
    if abs(Int64(a)) >= abs(Int64(b)) {
      self = a >= 0 ? (d >= 0 ? .upright : .flipped) : (d >= 0 ? .mirrored : .upsideDown)
    } else if b >= 0 {
      self = c >= 0 ? .transposed : .quarterTurnClockwise
    } else {
      self = c >= 0 ? .quarterTurnAnticlockwise : .transversed
    }
  }

  /// A map from displayed to stored pixels: the displayed pixel `(x, y)` is stored at index
  /// `origin + x · right + y · down`.
  struct PixelMap {
    let width: Int
    let height: Int
    let origin: Int
    let right: Int
    let down: Int
  }

  /// Returns the map for a stored picture of `width` × `height` pixels.
  func map(width: Int, height: Int) -> PixelMap {
    let lastInRow = width - 1
    let lastRow = (height - 1) * width
    func straight(_ origin: Int, right: Int, down: Int) -> PixelMap {
      PixelMap(width: width, height: height, origin: origin, right: right, down: down)
    }
    func turned(_ origin: Int, right: Int, down: Int) -> PixelMap {
      PixelMap(width: height, height: width, origin: origin, right: right, down: down)
    }
    switch self {
    case .upright: return straight(0, right: 1, down: width)
    case .mirrored: return straight(lastInRow, right: -1, down: width)
    case .upsideDown: return straight(lastRow + lastInRow, right: -1, down: -width)
    case .flipped: return straight(lastRow, right: 1, down: -width)
    case .transposed: return turned(0, right: width, down: 1)
    case .quarterTurnClockwise: return turned(lastRow, right: -width, down: 1)
    case .transversed: return turned(lastRow + lastInRow, right: -width, down: -1)
    case .quarterTurnAnticlockwise: return turned(lastInRow, right: width, down: -1)
    }
  }
}
