/// Removes noise from the static parts of a video: each pixel is averaged over the previous frames unless the picture
/// changes there.
///
/// A network paints camera noise as strokes that flicker. Each average moves towards the new value by a share `a`,
/// `s ← s + a·(x − s)`. `a` depends on the change around the value, the mean `m` of `|x − s|` over three rows and three
/// pixels of all colours: a quarter up to 3 levels of 255, 1 from 6 on, and linear between. Moving edges and textures
/// therefore stay as they are, and nothing persists across a cut. In a static picture the deviation of the noise falls
/// to `√(a / (2 − a))`, 0.38. The neighbourhood decides because some pixels of a moving texture always change little.
/// FFmpeg's filter `atadenoise` also averages over time where nothing moves.
///
/// Use one instance for consecutive frames of one size. It owns the memory of the averages and allocates nothing per
/// frame.
public final class TemporalDenoiser {
  /// The width in pixels.
  package let width: Int
  /// The height in pixels.
  package let height: Int

  /// The fractional bits of averages, in 1/128 of a level: a difference of two still fits into 16 bits.
  private static let fraction: Int16 = 7
  /// The fractional bits of summed changes, in 1/8 of a level: those of a neighbourhood still fit into 16 bits.
  private static let changeFraction: Int16 = 3
  /// The number of values in a neighbourhood: three rows of nine, the colours of three pixels around the value.
  private static let neighbours = 27
  /// The number of values beside a row that a neighbourhood at its end reaches.
  private static let margin = 4

  /// The share, of 2¹⁵, by which an average moves in a static area and in a moving one. The share of a moving area is
  /// slightly less than the whole.
  private static let restingShare: UInt16 = 0x2000
  private static let wholeShare: UInt16 = 0x7FFF
  /// The sum of changes up to which an area counts as static, a mean of 3 levels: noise with a deviation of 3 changes
  /// by 2.6 in the mean.
  private static let restingSum = UInt16(3 * neighbours << Int(changeFraction))
  /// The sum of changes from which the new value is used unchanged, a mean of 6 levels.
  private static let movingSum = 2 * restingSum
  /// The slope between the two shares, rounded up.
  private static let slope = (wholeShare - restingShare) / (movingSum - restingSum) + 1

  /// The number of values in a row.
  private let count: Int
  private let averages: UnsafeMutablePointer<Int16>
  /// Three rows of changes and their sum, each with its margins.
  private let changes: UnsafeMutablePointer<UInt16>
  private var isEmpty = true

  /// Creates a denoiser for frames of `width` × `height` pixels, each at least 1.
  package init(width: Int, height: Int) {
    precondition(width >= 1 && height >= 1, "a frame of \(width)x\(height)")
    self.width = width
    self.height = height
    count = 3 * width
    averages = .allocate(capacity: count * height)
    averages.initialize(repeating: 0, count: count * height)
    let extended = 4 * (count + 2 * Self.margin)
    changes = .allocate(capacity: extended)
    changes.initialize(repeating: 0, count: extended)
  }

  deinit {
    averages.deallocate()
    changes.deallocate()
  }

  /// Replaces the next frame, `height` rows of RGB24 `stride` bytes apart, by its averages.
  package func apply(_ pixels: UnsafeMutablePointer<UInt8>, stride: Int) {
    guard !isEmpty else {
      for row in 0..<height {
        let (values, average) = (pixels + row * stride, averages + row * count)
        for index in 0..<count { average[index] = Int16(values[index]) << Self.fraction }
      }
      isEmpty = false
      return
    }
    let length = count + 2 * Self.margin
    let sums = changes + 3 * length
    func place(_ row: Int) -> UnsafeMutablePointer<UInt16> { changes + row % 3 * length }
    measure(pixels, row: 0, into: place(0))
    for row in 0..<height {
      if row + 1 < height { measure(pixels + (row + 1) * stride, row: row + 1, into: place(row + 1)) }
      // Beyond the border the last row is repeated.
      let (above, here, below) = (place(max(row - 1, 0)), place(row), place(min(row + 1, height - 1)))
      for index in 0..<length { sums[index] = above[index] &+ here[index] &+ below[index] }
      move(pixels + row * stride, row: row, sums: sums)
    }
  }

  /// Writes how far the values of the row are from their averages. The margins repeat the pixels at the ends.
  @inline(__always)
  private func measure(_ pixels: UnsafePointer<UInt8>, row: Int, into changes: UnsafeMutablePointer<UInt16>) {
    let average = averages + row * count
    let target = changes + Self.margin
    let shift = Self.fraction - Self.changeFraction
    let half: Int16 = 1 << (shift - 1)
    for index in 0..<count {
      let difference = (Int16(pixels[index]) << Self.fraction) &- average[index]
      let size = difference < 0 ? 0 &- difference : difference
      target[index] = UInt16(truncatingIfNeeded: (size &+ half) >> shift)
    }
    for index in 1...Self.margin {
      // The same colour of the pixel at the end.
      target[-index] = target[(3 * Self.margin - index) % 3]
      target[count - 1 + index] = target[count - 3 + (index - 1) % 3]
    }
  }

  /// Updates the averages of the row and writes them, rounded. All values have 16 bits, of which a vector holds twice
  /// as many as of 32.
  @inline(__always)
  private func move(_ pixels: UnsafeMutablePointer<UInt8>, row: Int, sums: UnsafePointer<UInt16>) {
    let average = averages + row * count
    let (resting, range, slope) = (Self.restingSum, Self.movingSum - Self.restingSum, Self.slope)
    for index in 0..<count {
      var sum = sums[index]
      for neighbour in 1...2 * Self.margin { sum &+= sums[index + neighbour] }
      let above = min(sum > resting ? sum &- resting : 0, range)
      let share = Int16(truncatingIfNeeded: min(Self.restingShare &+ above &* slope, Self.wholeShare))
      let difference = (Int16(pixels[index]) << Self.fraction) &- average[index]
      // The upper half of their 32-bit product, rounded.
      let step = (Int32(difference) &* Int32(share) &+ 0x4000) >> 15
      let moved = average[index] &+ Int16(truncatingIfNeeded: step)
      average[index] = moved
      pixels[index] = UInt8(truncatingIfNeeded: (moved &+ 64) >> Self.fraction)
    }
  }
}
