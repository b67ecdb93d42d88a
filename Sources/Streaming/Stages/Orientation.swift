import FFmpeg

/// How stored pictures are turned and mirrored for display: one of the eight ways that keep pixels on the grid.
public struct Orientation: Equatable, Sendable {
  /// Quarter turns clockwise, 0 to 3, after the mirroring.
  public let quarterTurns: Int
  /// Whether the picture is mirrored left to right before it is turned.
  public let isMirrored: Bool

  /// Quarter turns clockwise, after a mirroring.
  public init(quarterTurns: Int, isMirrored: Bool = false) {
    self.quarterTurns = ((quarterTurns % 4) + 4) % 4
    self.isMirrored = isMirrored
  }

  /// The stored picture is the displayed one.
  public static let upright = Orientation(quarterTurns: 0)

  /// What a display matrix demands; upright for angles other than quarter turns, which players do not obey either.
  public init(_ matrix: DisplayMatrix?) {
    var found = Orientation.upright
    if let matrix {
      // Of the matrix (a, b, u, c, d, v, ...): a stored pixel (x, y) is shown at (a·x + c·y, b·x + d·y).
      let values = [matrix.values[0], matrix.values[1], matrix.values[3], matrix.values[4]].map { $0.signum() }
      for isMirrored in [false, true] {
        for turns in 0..<4 where Orientation(quarterTurns: turns, isMirrored: isMirrored).signs == values {
          found = Orientation(quarterTurns: turns, isMirrored: isMirrored)
        }
      }
    }
    self = found
  }

  /// Whether width and height change places.
  public var swapsSides: Bool { quarterTurns % 2 == 1 }

  /// What turns a displayed picture back into the stored one.
  public var inverse: Orientation {
    // A mirrored turn is its own inverse.
    isMirrored ? self : Orientation(quarterTurns: 4 - quarterTurns)
  }

  /// `(a, b, c, d)` of the display matrix that does the same.
  private var signs: [Int32] {
    let turn: [Int32] = [[1, 0, 0, 1], [0, 1, -1, 0], [-1, 0, 0, -1], [0, -1, 1, 0]][quarterTurns]
    return isMirrored ? [-turn[0], -turn[1], turn[2], turn[3]] : turn
  }

  /// Writes the `width` x `height` pixels of RGB24 at `source` to `target` as displayed; the two do not overlap.
  func apply(
    _ source: UnsafePointer<UInt8>, sourceStride: Int, width: Int, height: Int,
    into target: UnsafeMutablePointer<UInt8>, targetStride: Int
  ) {
    let signs = self.signs.map(Int.init)
    // Bytes from a displayed pixel to the next along a stored row, and along a stored column.
    let alongRow = 3 * signs[0] + targetStride * signs[1]
    let alongColumn = 3 * signs[2] + targetStride * signs[3]
    let shownWidth = swapsSides ? height : width
    let shownHeight = swapsSides ? width : height
    let left = signs[0] + signs[2] < 0 ? shownWidth - 1 : 0
    let top = signs[1] + signs[3] < 0 ? shownHeight - 1 : 0
    let origin = target + (top * targetStride + 3 * left)
    for y in 0..<height {
      var from = source + y * sourceStride
      var to = origin + y * alongColumn
      for _ in 0..<width {
        to[0] = from[0]
        to[1] = from[1]
        to[2] = from[2]
        from += 3
        to += alongRow
      }
    }
  }
}
