import FFmpeg

/// How to rotate and mirror stored frames for display: one of the eight symmetries of the pixel grid.
public struct Orientation: Equatable, Sendable {
  /// Clockwise quarter turns, 0 to 3, applied after mirroring.
  public let quarterTurns: Int
  /// Whether to mirror left to right before the rotation.
  public let isMirrored: Bool

  /// Creates an orientation. The number of turns is taken modulo 4.
  public init(quarterTurns: Int, isMirrored: Bool = false) {
    self.quarterTurns = ((quarterTurns % 4) + 4) % 4
    self.isMirrored = isMirrored
  }

  /// The identity: frames are stored as displayed.
  public static let upright = Orientation(quarterTurns: 0)

  /// Creates the orientation of a display matrix. Other angles than quarter turns count as upright, as in players.
  public init(_ matrix: DisplayMatrix?) {
    var found = Orientation.upright
    if let matrix {
      // The matrix (a, b, u, c, d, v, ...) shows a stored pixel (x, y) at (a·x + c·y, b·x + d·y).
      let values = [matrix.values[0], matrix.values[1], matrix.values[3], matrix.values[4]].map { $0.signum() }
      for isMirrored in [false, true] {
        for turns in 0..<4 where Orientation(quarterTurns: turns, isMirrored: isMirrored).signs == values {
          found = Orientation(quarterTurns: turns, isMirrored: isMirrored)
        }
      }
    }
    self = found
  }

  /// Whether the rotation swaps width and height.
  public var swapsSides: Bool { quarterTurns % 2 == 1 }

  /// The orientation that maps a displayed frame back to the stored one.
  public var inverse: Orientation {
    // A mirrored rotation is its own inverse.
    isMirrored ? self : Orientation(quarterTurns: 4 - quarterTurns)
  }

  /// The entries `(a, b, c, d)` of the equivalent display matrix.
  private var signs: [Int32] {
    let turn: [Int32] = [[1, 0, 0, 1], [0, 1, -1, 0], [-1, 0, 0, -1], [0, -1, 1, 0]][quarterTurns]
    return isMirrored ? [-turn[0], -turn[1], turn[2], turn[3]] : turn
  }

  /// Writes the `width` × `height` pixels at `source` to `target` as displayed. The two must not overlap.
  ///
  /// A pixel has three samples, or one. Strides are in samples.
  func apply<Sample>(
    _ source: UnsafePointer<Sample>, sourceStride: Int, width: Int, height: Int,
    into target: UnsafeMutablePointer<Sample>, targetStride: Int, channels: Int = 3
  ) {
    let signs = self.signs.map(Int.init)
    // Samples in `target` from one stored pixel to the next along a row and along a column.
    let alongRow = channels * signs[0] + targetStride * signs[1]
    let alongColumn = channels * signs[2] + targetStride * signs[3]
    let shownWidth = swapsSides ? height : width
    let shownHeight = swapsSides ? width : height
    let left = signs[0] + signs[2] < 0 ? shownWidth - 1 : 0
    let top = signs[1] + signs[3] < 0 ? shownHeight - 1 : 0
    let origin = target + (top * targetStride + channels * left)
    for y in 0..<height {
      var from = source + y * sourceStride
      var to = origin + y * alongColumn
      guard channels == 3 else {
        for x in 0..<width { to[x * alongRow] = from[x] }
        continue
      }
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
