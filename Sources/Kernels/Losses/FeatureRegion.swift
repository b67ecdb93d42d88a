import Threading

/// A rectangle of features `[H, W, C]` whose pixels have weights, for sums over parts of a picture.
package struct FeatureRegion: Sendable {
  private let width: Int
  private let rows: Range<Int>
  private let columns: Range<Int>
  private let channels: Int

  /// Creates the rectangle `rows` × `columns` of features that are `width` pixels wide. Both ranges lie within the
  /// features.
  package init(width: Int, rows: Range<Int>, columns: Range<Int>, channels: Int) {
    precondition(columns.lowerBound >= 0 && columns.upperBound <= width && rows.lowerBound >= 0, "outside the features")
    self.width = width
    self.rows = rows
    self.columns = columns
    self.channels = channels
  }

  /// The number of pixels.
  package var pixels: Int { rows.count * columns.count }

  /// `target[p, c] = factors[p]·features[p, c]` for the pixels `p` of the rectangle, row by row.
  ///
  /// - Parameter factors: One factor per pixel of the rectangle; nil for 1.
  package func gather(
    _ features: UnsafePointer<Float>, factors: UnsafePointer<Float>?, into target: UnsafeMutablePointer<Float>,
    pool: ComputePool
  ) {
    pool.parallelFor(rows.count) { row in
      let source = features + offset(ofRow: row)
      let result = target + row * columns.count * channels
      guard let factors else { return result.update(from: source, count: columns.count * channels) }
      for column in 0..<columns.count {
        let factor = factors[row * columns.count + column]
        for channel in column * channels..<(column + 1) * channels { result[channel] = factor * source[channel] }
      }
    }
  }

  /// `gradient[p, c] += factors[p]·values[p, c]` for the pixels `p` of the rectangle.
  ///
  /// - Parameters:
  ///   - values: One value per channel and pixel of the rectangle, row by row.
  ///   - factors: One factor per pixel of the rectangle; nil for 1.
  package func add(
    _ values: UnsafePointer<Float>, factors: UnsafePointer<Float>?, to gradient: UnsafeMutablePointer<Float>,
    pool: ComputePool
  ) {
    pool.parallelFor(rows.count) { row in
      let target = gradient + offset(ofRow: row)
      let source = values + row * columns.count * channels
      for column in 0..<columns.count {
        let factor = factors.map { $0[row * columns.count + column] } ?? 1
        for channel in column * channels..<(column + 1) * channels { target[channel] += factor * source[channel] }
      }
    }
  }

  /// Adds to `sums`, `[4, C]`, over the pixels of the rectangle: `Σy`, `Σy²`, `Σy·x` and `Σ(y − x)²` per channel.
  ///
  /// - Parameters:
  ///   - features: The features `y`.
  ///   - reference: The features `x`, one value per channel and pixel of the rectangle, row by row.
  package func addMoments(
    _ features: UnsafePointer<Float>, with reference: UnsafePointer<Float>, to sums: UnsafeMutablePointer<Double>,
    pool: ComputePool
  ) {
    let count = 4 * channels
    withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, rows.count * count)) { partial in
      guard let base = partial.baseAddress else { return }
      pool.parallelFor(rows.count) { row in
        let own = base + row * count
        own.update(repeating: 0, count: count)
        for column in 0..<columns.count {
          let source = features + offset(ofRow: row) + column * channels
          let other = reference + (row * columns.count + column) * channels
          for channel in 0..<channels {
            let (y, x) = (Double(source[channel]), Double(other[channel]))
            own[channel] += y
            own[channels + channel] += y * y
            own[2 * channels + channel] += y * x
            own[3 * channels + channel] += (y - x) * (y - x)
          }
        }
      }
      // In the order of the rows, whichever thread has summed them.
      for row in 0..<rows.count {
        for index in 0..<count { sums[index] += base[row * count + index] }
      }
    }
  }

  /// `gradient[p, c] += a[c]·features[p, c] + b[c]·reference[p, c] + k[c]` for the pixels `p` of the rectangle, with
  /// `coefficients` of `[3, C]`: `a`, `b` and `k`.
  package func addAffine(
    _ features: UnsafePointer<Float>, with reference: UnsafePointer<Float>, coefficients: UnsafePointer<Float>,
    to gradient: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    pool.parallelFor(rows.count) { row in
      for column in 0..<columns.count {
        let place = offset(ofRow: row) + column * channels
        let other = reference + (row * columns.count + column) * channels
        for channel in 0..<channels {
          gradient[place + channel] +=
            coefficients[channel] * features[place + channel] + coefficients[channels + channel] * other[channel]
            + coefficients[2 * channels + channel]
        }
      }
    }
  }

  private func offset(ofRow row: Int) -> Int {
    ((rows.lowerBound + row) * width + columns.lowerBound) * channels
  }
}
