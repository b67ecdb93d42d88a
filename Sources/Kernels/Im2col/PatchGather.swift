/// Copies the receptive fields of output positions into the rows of a matrix (im2col), applying padding and upsampling.
struct PatchGather {
  let geometry: ConvolutionGeometry
  let rows: UnsafePointer<Int32>
  let columns: UnsafePointer<Int32>

  /// Calls `body` with the gather of `geometry`. Its maps are valid only during the call.
  static func with(_ geometry: ConvolutionGeometry, _ body: (PatchGather) -> Void) {
    geometry.rowMap.withUnsafeBufferPointer { rows in
      geometry.columnMap.withUnsafeBufferPointer { columns in
        guard let rowBase = rows.baseAddress, let columnBase = columns.baseAddress else { return }
        body(PatchGather(geometry: geometry, rows: rowBase, columns: columnBase))
      }
    }
  }

  /// Writes the `k·k·I` inputs of each output position in `pixels` (row-major within one image) as one row of `matrix`.
  func gather(_ image: UnsafePointer<Float>, pixels: Range<Int>, into matrix: UnsafeMutablePointer<Float>) {
    let channels = geometry.inputChannels
    let kernel = geometry.kernel
    let stride = geometry.stride
    let rowCount = kernel * channels
    let rowStride = geometry.width * channels
    var destination = matrix
    var y = pixels.lowerBound / geometry.outputWidth
    var x = pixels.lowerBound % geometry.outputWidth
    for _ in pixels {
      let columnMap = columns + x * stride
      let first = Int(columnMap[0])
      let isContiguous = first >= 0 && isRun(columnMap, length: kernel)
      for kernelRow in 0..<kernel {
        let row = Int(rows[y * stride + kernelRow])
        if row < 0 {
          destination.update(repeating: 0, count: rowCount)
        } else if isContiguous {
          copy(image + (row * rowStride + first * channels), to: destination, count: rowCount)
        } else {
          for kernelColumn in 0..<kernel {
            let column = Int(columnMap[kernelColumn])
            let target = destination + kernelColumn * channels
            if column < 0 {
              target.update(repeating: 0, count: channels)
            } else {
              copy(image + (row * rowStride + column * channels), to: target, count: channels)
            }
          }
        }
        destination += rowCount
      }
      x += 1
      if x == geometry.outputWidth {
        x = 0
        y += 1
      }
    }
  }

  /// Whether the mapped columns are contiguous, without gaps, reflection or repetition.
  @inline(__always)
  private func isRun(_ map: UnsafePointer<Int32>, length: Int) -> Bool {
    for index in 1..<max(length, 1) where map[index] != map[index - 1] + 1 { return false }
    return true
  }

  @inline(__always)
  func copy(_ source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>, count: Int) {
    var index = 0
    while index + laneCount <= count {
      store(load(source + index), destination + index)
      index += laneCount
    }
    while index < count {
      destination[index] = source[index]
      index += 1
    }
  }

  /// Copies one row of the padded input, `[Wp, I]`.
  func gatherRow(_ image: UnsafePointer<Float>, row: Int, into destination: UnsafeMutablePointer<Float>) {
    let channels = geometry.inputChannels
    let stored = Int(rows[row])
    guard stored >= 0 else {
      destination.update(repeating: 0, count: geometry.paddedWidth * channels)
      return
    }
    let source = image + stored * geometry.width * channels
    for x in 0..<geometry.paddedWidth {
      let column = Int(columns[x])
      let target = destination + x * channels
      if column < 0 {
        target.update(repeating: 0, count: channels)
      } else {
        copy(source + column * channels, to: target, count: channels)
      }
    }
  }
}
