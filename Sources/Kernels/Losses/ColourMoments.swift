import Threading

/// The second moments of the colours of a picture: `M = Σ w·v·vᵀ` over its pixels, with `v = (r, g, b, 1)`.
package enum ColourMoments {
  /// Returns the 16 sums `M`, row by row, of `[pixels, 3]`; `weights` has one weight per pixel, nil for 1.
  package static func forward(
    _ picture: UnsafePointer<Float>, weights: UnsafePointer<Float>?, pixels: Int, pool: ComputePool
  ) -> [Double] {
    let chunk = 1 << 13
    let chunks = (pixels + chunk - 1) / chunk
    var total = [Double](repeating: 0, count: 16)
    withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, chunks * 10)) { partial in
      guard let base = partial.baseAddress else { return }
      pool.parallelFor(chunks) { index in
        var sums = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        for pixel in index * chunk..<min((index + 1) * chunk, pixels) {
          let weight = weights.map { Double($0[pixel]) } ?? 1
          let (r, g, b) = (
            Double(picture[3 * pixel]), Double(picture[3 * pixel + 1]), Double(picture[3 * pixel + 2])
          )
          sums.0 += weight * r * r
          sums.1 += weight * r * g
          sums.2 += weight * r * b
          sums.3 += weight * r
          sums.4 += weight * g * g
          sums.5 += weight * g * b
          sums.6 += weight * g
          sums.7 += weight * b * b
          sums.8 += weight * b
          sums.9 += weight
        }
        let own = base + index * 10
        (own[0], own[1], own[2], own[3], own[4]) = (sums.0, sums.1, sums.2, sums.3, sums.4)
        (own[5], own[6], own[7], own[8], own[9]) = (sums.5, sums.6, sums.7, sums.8, sums.9)
      }
      var sums = [Double](repeating: 0, count: 10)
      for index in 0..<chunks {
        for place in 0..<10 { sums[place] += base[10 * index + place] }
      }
      var place = 0
      for row in 0..<4 {
        for column in row..<4 {
          total[4 * row + column] = sums[place]
          total[4 * column + row] = sums[place]
          place += 1
        }
      }
    }
    return total
  }

  /// `dPicture[p, i] += w[p]·Σ_j d[i, j]·v[p, j]` for `i` of red, green and blue: `d`, `[4, 4]`, is symmetric, and
  /// twice the gradient of a function of `M`.
  package static func backward(
    _ picture: UnsafePointer<Float>, weights: UnsafePointer<Float>?, pixels: Int, coefficients: [Float],
    to gradient: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    precondition(coefficients.count == 16, "\(coefficients.count) coefficients")
    let chunk = 1 << 13
    coefficients.withUnsafeBufferPointer { d in
      pool.parallelFor((pixels + chunk - 1) / chunk) { index in
        for pixel in index * chunk..<min((index + 1) * chunk, pixels) {
          let weight = weights.map { $0[pixel] } ?? 1
          let (r, g, b) = (picture[3 * pixel], picture[3 * pixel + 1], picture[3 * pixel + 2])
          for channel in 0..<3 {
            let value = d[4 * channel] * r + d[4 * channel + 1] * g + d[4 * channel + 2] * b + d[4 * channel + 3]
            gradient[3 * pixel + channel] += weight * value
          }
        }
      }
    }
  }
}
