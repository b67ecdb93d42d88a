import FFmpeg

/// A plane of weights: how much of each pixel is painted, from 0 (as it is) to 1.
///
/// Rows are stored from top to bottom without padding. The plane owns its memory, which is reused when the size
/// changes. Use it from one thread at a time while it changes.
package final class MaskPlane: @unchecked Sendable {
  /// Smaller weights, and such distances from 1, change no sample of 16 bits. Blurring leaves them where it adds up
  /// rounded numbers.
  private static let negligible: Float = 1 / 262_144

  /// The width in pixels; 0 before the first ``resize(width:height:)``.
  package private(set) var width = 0
  /// The height in pixels.
  package private(set) var height = 0
  /// The `width · height` weights.
  package private(set) var values: UnsafeMutablePointer<Float>
  private var capacity = 0

  /// Creates an empty plane.
  package init() { values = .allocate(capacity: 0) }

  deinit { values.deallocate() }

  /// The number of pixels.
  package var count: Int { width * height }

  /// Changes the size. The contents are undefined afterwards.
  package func resize(width: Int, height: Int) {
    precondition(width >= 1 && height >= 1, "a mask of \(width)x\(height) pixels")
    (self.width, self.height) = (width, height)
    guard count > capacity else { return }
    values.deallocate()
    capacity = count
    values = .allocate(capacity: capacity)
    values.initialize(repeating: 0, count: capacity)
  }

  /// All rows.
  package var rows: MaskRows { MaskRows(plane: self, first: 0, step: 1) }

  /// The rows of one field: the even ones, counted from 0, or the odd ones.
  package func rows(ofField isBottom: Bool) -> MaskRows { MaskRows(plane: self, first: isBottom ? 1 : 0, step: 2) }

  // MARK: Changes

  /// Replaces luma, 0…1, by 1 in `range` and 0 outside, with soft edges: the weight rises by the smoothstep function
  /// `3t² − 2t³` over `softness` around each end. An end at 0 or 1 has no edge.
  package func select(_ range: ClosedRange<Float>, softness: Float) {
    let scale = 1 / max(softness, 1e-6)
    func step(_ distance: Float) -> Float {
      let place = min(1, max(0, distance * scale + 0.5))
      return place * place * (3 - 2 * place)
    }
    let (low, high) = (range.lowerBound, range.upperBound)
    for index in 0..<count {
      let luma = values[index]
      var weight: Float = 1
      if low > 0 { weight *= step(luma - low) }
      if high < 1 { weight *= step(high - luma) }
      values[index] = weight
    }
  }

  /// Replaces each weight `w` by `1 − w`.
  package func invert() {
    for index in 0..<count { values[index] = 1 - values[index] }
  }

  /// Limits the weights to 0…1, and makes those that change nothing exactly 0 or 1. NaN becomes 0.
  package func finish() {
    for index in 0..<count {
      let value = values[index]
      // The comparisons are false for NaN.
      values[index] = value > Self.negligible ? (value < 1 - Self.negligible ? value : 1) : 0
    }
  }
}

/// The rows of a mask that belong to a frame, or to one of its fields. It retains the plane.
package struct MaskRows: Sendable {
  fileprivate let plane: MaskPlane
  fileprivate let first: Int
  fileprivate let step: Int

  /// Returns the weights of a row. Beyond the last row, it is repeated.
  @inline(__always)
  package func row(_ index: Int) -> UnsafePointer<Float> {
    UnsafePointer(plane.values + min(plane.height - 1, first + step * index) * plane.width)
  }
}

/// The weights of the samples of frames: chroma gets the means of the pixels that it covers. Not thread-safe.
package final class MaskSampling {
  private let columns: ChromaAxis
  private let rows: ChromaAxis
  private let width: Int
  private let chromaWidth: Int
  /// A row of sums over rows, and a row of chroma weights.
  private let scratch: UnsafeMutablePointer<Float>

  /// Creates a sampling for frames of `format`.
  package init(_ format: VideoFormat) {
    (columns, rows) = format.chromaAxes
    width = format.width
    chromaWidth = format.pixelFormat.extents(of: 1, width: format.width, height: format.height).width
    scratch = .allocate(capacity: 2 * width)
    scratch.initialize(repeating: 0, count: 2 * width)
  }

  deinit { scratch.deallocate() }

  /// Returns the weights of a row of samples, valid until the next call.
  package func weights(of mask: MaskRows, row: Int, isChroma: Bool) -> UnsafePointer<Float> {
    guard isChroma else { return mask.row(row) }
    let target = scratch + width
    scratch.update(repeating: 0, count: width)
    for tap in 0..<rows.tapCount {
      let (source, weight) = (mask.row(Int(rows.taps[row * rows.tapCount + tap])), rows.weights[tap])
      for x in 0..<width { scratch[x] += weight * source[x] }
    }
    columns.taps.withUnsafeBufferPointer { taps in
      for x in 0..<chromaWidth {
        var sum: Float = 0
        for tap in 0..<columns.tapCount { sum += columns.weights[tap] * scratch[Int(taps[x * columns.tapCount + tap])] }
        target[x] = min(1, sum)
      }
    }
    return UnsafePointer(target)
  }
}
