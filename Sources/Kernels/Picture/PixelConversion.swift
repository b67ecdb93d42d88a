import Threading

/// Conversions between pixels of three bytes (RGB24) and `[H, W, 3]` floats 0…255.
package enum PixelConversion {
  /// The number of rows that a thread converts at a time.
  private static let rowsPerTask = 16

  private static func forEachRow(_ rows: Int, _ pool: ComputePool, _ body: (Int) -> Void) {
    pool.parallelFor((rows + rowsPerTask - 1) / rowsPerTask) { task in
      for row in task * rowsPerTask..<min((task + 1) * rowsPerTask, rows) { body(row) }
    }
  }

  /// Writes a picture of `height` rows, `stride` bytes apart, as `[extendedHeight, extendedWidth, 3]`.
  ///
  /// The added columns and rows at the right and bottom are reflections at the last column and row, which are not
  /// repeated. A single column or row is repeated. The extended size is at least that of the picture, which is at least
  /// 1×1.
  package static func extended(
    _ source: UnsafePointer<UInt8>, stride: Int, width: Int, height: Int, extendedWidth: Int, extendedHeight: Int,
    output: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    forEachRow(extendedHeight, pool) { row in
      let bytes = source + ConvolutionGeometry.reflected(row, extent: height) * stride
      let target = output + row * extendedWidth * 3
      for index in 0..<width * 3 { target[index] = Float(bytes[index]) }
      for column in width..<max(extendedWidth, width) {
        let mirrored = ConvolutionGeometry.reflected(column, extent: width)
        for channel in 0..<3 { target[column * 3 + channel] = Float(bytes[mirrored * 3 + channel]) }
      }
    }
  }

  /// Extends a picture of floats, `[height, width, 3]`.
  package static func extended(
    _ source: UnsafePointer<Float>, width: Int, height: Int, extendedWidth: Int, extendedHeight: Int,
    output: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    forEachRow(extendedHeight, pool) { row in
      let pixels = source + ConvolutionGeometry.reflected(row, extent: height) * width * 3
      let target = output + row * extendedWidth * 3
      target.update(from: pixels, count: width * 3)
      for column in width..<max(extendedWidth, width) {
        let mirrored = ConvolutionGeometry.reflected(column, extent: width)
        for channel in 0..<3 { target[column * 3 + channel] = pixels[mirrored * 3 + channel] }
      }
    }
  }

  /// Writes the top left `width` × `height` pixels of `[H, inputWidth, 3]` as bytes, in rows `stride` bytes apart.
  ///
  /// A value `x` becomes `offset + scale · tanh(x)` if `scaledTanh` is given, and is then rounded to the nearest
  /// integer in 0…255, with ties to even. NaN becomes 0. Bytes between the rows are not changed.
  package static func quantized(
    _ input: UnsafePointer<Float>, inputWidth: Int, scaledTanh: (scale: Float, offset: Float)?, width: Int, height: Int,
    output: UnsafeMutablePointer<UInt8>, stride: Int, pool: ComputePool
  ) {
    forEachRow(height, pool) { row in
      let values = input + row * inputWidth * 3
      let bytes = output + row * stride
      var index = 0
      while index < width * 3 {
        let count = min(laneCount, width * 3 - index)
        var value = load(values + index, count: count)
        if let scaledTanh {
          value = Lanes(repeating: scaledTanh.offset)
            .addingProduct(Lanes(repeating: scaledTanh.scale), hyperbolicTangent(value))
        }
        let rounded = roundedBytes(value)
        if count == laneCount {
          UnsafeMutableRawPointer(bytes + index).storeBytes(of: rounded, as: SIMD8<UInt8>.self)
        } else {
          for lane in 0..<count { bytes[index + lane] = rounded[lane] }
        }
        index += laneCount
      }
    }
  }
}
