import FFmpeg

/// How a stored picture has to be turned before it is shown: the values of EXIF's tag 0x0112.
public enum ExifOrientation: Int, Sendable, CaseIterable {
  /// As it is.
  case upright = 1
  /// Mirrored left to right.
  case mirrored = 2
  /// Turned by 180 degrees.
  case upsideDown = 3
  /// Mirrored top to bottom.
  case flipped = 4
  /// Mirrored at the diagonal from top left to bottom right.
  case transposed = 5
  /// To be turned clockwise by 90 degrees.
  case quarterTurnClockwise = 6
  /// Mirrored at the diagonal from top right to bottom left.
  case transversed = 7
  /// To be turned anticlockwise by 90 degrees.
  case quarterTurnAnticlockwise = 8

  /// The turn nearest to what `matrix` says: shown `x` is `a·x + c·y` and shown `y` is `b·x + d·y` of the stored picture,
  /// with `a`, `b`, `c`, `d` its elements 0, 1, 3 and 4.
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

  /// Where the shown pixel `(x, y)` is stored: `origin + x · right + y · down`, in pixels.
  struct PixelMap {
    let width: Int
    let height: Int
    let origin: Int
    let right: Int
    let down: Int
  }

  /// The map for a stored picture of `width` x `height` pixels.
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
