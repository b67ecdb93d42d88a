import Threading

/// How the 8-bit samples of a pixel lie in memory.
package enum PixelOrder: CaseIterable, Sendable {
  case rgb, bgr, rgba, bgra, gray

  /// The bytes of a pixel.
  package var byteCount: Int {
    switch self {
    case .gray: 1
    case .rgb, .bgr: 3
    case .rgba, .bgra: 4
    }
  }

  /// Whether the fourth byte is alpha.
  package var hasAlpha: Bool { byteCount == 4 }
}

/// Conversions between RGB24 and the other orders of 8-bit samples.
///
/// Strides are the bytes from one row to the next, at least `byteCount · width`. Bytes between the rows are not
/// changed.
package enum PixelReordering {
  /// The number of rows that a thread converts at a time.
  private static let rowsPerTask = 32

  /// Writes a picture as RGB24. Grey becomes three equal samples, and alpha is left out.
  package static func toRGB(
    _ source: UnsafePointer<UInt8>, stride: Int, order: PixelOrder, into output: UnsafeMutablePointer<UInt8>,
    outputStride: Int, width: Int, height: Int, pool: ComputePool
  ) {
    forEachRow(height, pool) { y in
      let (from, to) = (source + y * stride, output + y * outputStride)
      switch order {
      case .rgb: to.update(from: from, count: 3 * width)
      case .bgr: reorder(from, 3, red: 2, blue: 0, into: to, 3, width)
      case .rgba: reorder(from, 4, red: 0, blue: 2, into: to, 3, width)
      case .bgra: reorder(from, 4, red: 2, blue: 0, into: to, 3, width)
      case .gray:
        for x in 0..<width {
          let value = from[x]
          (to[3 * x], to[3 * x + 1], to[3 * x + 2]) = (value, value, value)
        }
      }
    }
  }

  /// Writes RGB24 in another order.
  ///
  /// Grey is the luma `0.299 R + 0.587 G + 0.114 B`, rounded to nearest. Alpha is that of `alpha`, or 255 if that is
  /// nil. `output` may be the memory of `alpha`.
  package static func fromRGB(
    _ source: UnsafePointer<UInt8>, stride: Int, alpha: (pixels: UnsafePointer<UInt8>, stride: Int)?,
    into output: UnsafeMutablePointer<UInt8>, outputStride: Int, order: PixelOrder, width: Int, height: Int,
    pool: ComputePool
  ) {
    forEachRow(height, pool) { y in
      let (from, to) = (source + y * stride, output + y * outputStride)
      switch order {
      case .rgb: to.update(from: from, count: 3 * width)
      case .bgr: reorder(from, 3, red: 2, blue: 0, into: to, 3, width)
      case .rgba: reorder(from, 3, red: 0, blue: 2, into: to, 4, width)
      case .bgra: reorder(from, 3, red: 2, blue: 0, into: to, 4, width)
      case .gray:
        for x in 0..<width {
          let (red, green, blue) = (Int32(from[3 * x]), Int32(from[3 * x + 1]), Int32(from[3 * x + 2]))
          // In units of 2⁻¹⁶. They add up to 1.
          let luma = red &* 19595 &+ green &* 38470 &+ blue &* 7471
          to[x] = UInt8(truncatingIfNeeded: (luma &+ 32768) &>> 16)
        }
      }
      guard order.hasAlpha else { return }
      if let alpha {
        let values = alpha.pixels + y * alpha.stride
        for x in 0..<width { to[4 * x + 3] = values[4 * x + 3] }
      } else {
        for x in 0..<width { to[4 * x + 3] = 255 }
      }
    }
  }

  /// Copies three samples of each pixel. `red` and `blue` are their places in the source, or in the target; to exchange
  /// them is its own inverse.
  @inline(__always)
  private static func reorder(
    _ from: UnsafePointer<UInt8>, _ step: Int, red: Int, blue: Int, into to: UnsafeMutablePointer<UInt8>,
    _ targetStep: Int, _ width: Int
  ) {
    for x in 0..<width {
      let (pixel, target) = (from + step * x, to + targetStep * x)
      (target[0], target[1], target[2]) = (pixel[red], pixel[1], pixel[blue])
    }
  }

  private static func forEachRow(_ rows: Int, _ pool: ComputePool, _ body: (Int) -> Void) {
    pool.parallelFor((rows + rowsPerTask - 1) / rowsPerTask) { task in
      for row in task * rowsPerTask..<min((task + 1) * rowsPerTask, rows) { body(row) }
    }
  }
}
