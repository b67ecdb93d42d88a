import Imaging
import Kernels
import Threading

/// Estimates and removes the noise in a scan of a painting: film grain, JPEG artefacts, and canvas weave finer than a
/// pixel or two.
///
/// A network would learn the noise as a relief over everything it paints.
package enum ScanNoise {
  /// The side of the blocks in which the noise is estimated, in pixels.
  private static let blockExtent = 16
  /// The share of blocks that count as flat. Strokes cross the others.
  private static let flatShare = 0.1
  /// The minimum deviation, in levels of 255. A scan with less is clean: rounding alone leaves 0.3.
  private static let minimumDeviation = 0.75
  /// The maximum deviation, in levels of 255. Larger estimates come from strokes, in paintings without flat areas.
  private static let maximumDeviation = 6.0

  /// Estimates the standard deviation of the noise in `picture`.
  ///
  /// The deviation of a block of 16×16 pixels is `σ = √(mean(d²))` over all colours, with the diagonal Haar
  /// coefficients `d = (a − b − c + e) / 2` of each 2×2 pixels. The result is the 10th percentile of the blocks. D.
  /// Donoho, I. Johnstone: Ideal Spatial Adaptation by Wavelet Shrinkage, Biometrika 81, 1994; here over the flattest
  /// blocks instead of the whole picture, since a painting has strokes nearly everywhere.
  ///
  /// - Returns: The deviation in levels of 255, at most 6, or 0 for a clean picture.
  package static func deviation(of picture: Picture) -> Double {
    let (rows, columns) = (picture.height / blockExtent, picture.width / blockExtent)
    guard rows > 0, columns > 0 else { return 0 }
    var energies: [Int] = []
    energies.reserveCapacity(rows * columns)
    picture.pixels.withUnsafeBufferPointer { pixels in
      for row in 0..<rows {
        for column in 0..<columns {
          var energy = 0
          for y in stride(from: row * blockExtent, to: (row + 1) * blockExtent, by: 2) {
            let start = y * picture.stride + column * blockExtent * 3
            for offset in 0..<blockExtent / 2 * 3 {
              let index = start + offset / 3 * 6 + offset % 3
              let below = index + picture.stride
              let difference = Int(pixels[index]) - Int(pixels[index + 3]) - Int(pixels[below]) + Int(pixels[below + 3])
              energy += difference * difference
            }
          }
          energies.append(energy)
        }
      }
    }
    energies.sort()
    let energy = energies[Int(flatShare * Double(energies.count - 1))]
    let coefficients = Double(3 * blockExtent * blockExtent / 4)
    let deviation = (Double(energy) / 4 / coefficients).squareRoot()
    return deviation < minimumDeviation ? 0 : min(deviation, maximumDeviation)
  }

  /// Removes noise from `picture`, which must be opaque, with non-local means.
  ///
  /// - Parameter deviation: The standard deviation of the noise, in levels of 255. At 0 the picture stays as it is.
  package static func removed(from picture: Picture, deviation: Double, pool: ComputePool) -> Picture {
    guard deviation > 0 else { return picture }
    let filter = NonLocalMeans(width: picture.width, height: picture.height, deviation: Float(deviation))
    var result = picture
    withUnsafeTemporaryAllocation(of: Float.self, capacity: filter.scratchCount(threads: pool.threadCount)) { scratch in
      picture.pixels.withUnsafeBufferPointer { source in
        result.withUnsafeMutablePixels { target in
          guard let scratch = scratch.baseAddress, let source = source.baseAddress, let target = target.baseAddress
          else { return }
          filter.forward(source, into: target, scratch: scratch, pool: pool)
        }
      }
    }
    return result
  }
}
