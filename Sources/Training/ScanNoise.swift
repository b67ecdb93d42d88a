import Imaging
import Kernels
import Threading

/// The noise of a painting's scan: grain, the traces of JPEG, canvas weave finer than a pixel or two.
///
/// A network learns it as a relief that lies over everything it paints.
public enum ScanNoise {
  /// Pixels across and down in which noise is looked for together.
  private static let blockExtent = 16
  /// The share of blocks that are taken for flat: strokes cross all others.
  private static let flatShare = 0.1
  /// What a clean scan has, in levels of 255: rounding alone leaves 0.3.
  private static let least = 0.75
  /// What can still be told from strokes: where a painting has no flat place, they are taken for noise.
  private static let largest = 6.0

  /// The standard deviation of the noise in `picture`, in levels of 255 and at most 6; 0 for a clean one.
  ///
  /// `σ = √(mean(d²))` over all colours of a block of 16×16 pixels, with the diagonal Haar coefficients `d = (a − b − c + e) / 2` of each 2×2; of all
  /// blocks, the one counts that a tenth of them does not exceed.
  /// D. Donoho, I. Johnstone: Ideal Spatial Adaptation by Wavelet Shrinkage, Biometrika 81, 1994; over the flattest blocks and not over the whole,
  /// since a painting is strokes nearly everywhere.
  public static func deviation(of picture: Picture) -> Double {
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
    return deviation < least ? 0 : min(deviation, largest)
  }

  /// `picture`, which has no alpha, without noise of `deviation` levels; itself where that is 0.
  public static func removed(from picture: Picture, deviation: Double, pool: ComputePool) -> Picture {
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
