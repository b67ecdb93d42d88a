import Threading

/// Reduces a frame to its canvas by area averaging, see ``AreaReduction``, and extracts its luma in the same pass.
package struct CanvasReduction: Sendable {
  /// Rows of the canvas that a thread computes at a time.
  private static let bandRows = 8

  /// The width of the frame in pixels.
  package let width: Int
  /// The height of the frame in pixels.
  package let height: Int
  private let rows: AreaAxis
  private let columns: AreaAxis

  /// Creates a reduction from a frame of `width` × `height` to a canvas of `canvasWidth` × `canvasHeight`, each at
  /// least 1.
  package init(width: Int, height: Int, canvasWidth: Int, canvasHeight: Int) {
    precondition(
      min(width, height, canvasWidth, canvasHeight) >= 1, "\(width)x\(height) to \(canvasWidth)x\(canvasHeight)")
    self.width = width
    self.height = height
    rows = AreaAxis(inputs: height, outputs: canvasHeight)
    columns = AreaAxis(inputs: width, outputs: canvasWidth)
  }

  /// The number of floats between the sums of two colours.
  private var plane: Int { paddedToLanes(width) }

  /// Returns the floats of scratch space on a pool of `threads`: the sums of two rows for each.
  package func scratchCount(threads: Int) -> Int { threads * 6 * plane }

  /// Reduces `picture`.
  ///
  /// - Parameters:
  ///   - luma: The destination of the frame's luma, of the same storage type as the picture; nil for none.
  ///   - canvas: The destination of the canvas, RGB, `[canvasHeight, canvasWidth, 3]`.
  ///   - canvasLuma: The destination of the canvas's luma, `[canvasHeight, canvasWidth]`.
  ///   - scratch: ``scratchCount(threads:)`` floats.
  package func forward(
    _ picture: PictureInput.Storage, luma: FrameLuma?, canvas: UnsafeMutablePointer<Float>,
    canvasLuma: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let half = FrameLuma.half(width: width)
    switch picture {
    case .bytes(let bytes, let stride):
      var target: UnsafeMutablePointer<UInt8>?
      if case .bytes(let luma)? = luma { target = luma }
      forEachBand(canvas, canvasLuma, scratch, pool) { row, writesLuma, sums in
        let source = bytes + row * stride
        let luma = writesLuma ? target.map { $0 + 2 * half * row } : nil
        addRow(sums, { colours(source + 3 * $0) }, { Float(source[$0]) }) { value, column, count in
          guard let luma else { return }
          let rounded = roundedBytes(value)
          if count == laneCount {
            let even = SIMD4(rounded[0], rounded[2], rounded[4], rounded[6])
            let odd = SIMD4(rounded[1], rounded[3], rounded[5], rounded[7])
            UnsafeMutableRawPointer(luma + column / 2).storeBytes(of: even, as: SIMD4<UInt8>.self)
            UnsafeMutableRawPointer(luma + half + column / 2).storeBytes(of: odd, as: SIMD4<UInt8>.self)
          } else {
            for lane in 0..<count { luma[lane % 2 * half + (column + lane) / 2] = rounded[lane] }
          }
          if column + count == width, width % 2 == 1 { luma[half + width / 2] = luma[width / 2] }
        }
      }
    case .floats(let floats, let stride):
      var target: UnsafeMutablePointer<Float>?
      if case .floats(let luma)? = luma { target = luma }
      forEachBand(canvas, canvasLuma, scratch, pool) { row, writesLuma, sums in
        let source = floats + row * stride
        let luma = writesLuma ? target.map { $0 + 2 * half * row } : nil
        addRow(sums, { colours(source + 3 * $0) }, { source[$0] }) { value, column, count in
          guard let luma else { return }
          for lane in 0..<count { luma[lane % 2 * half + (column + lane) / 2] = value[lane] }
          if column + count == width, width % 2 == 1 { luma[half + width / 2] = luma[width / 2] }
        }
      }
    }
  }

  /// The destination of a row of the frame: `first` times the row goes into one row of sums, which it starts or
  /// continues, and `second` times it into the next, if any.
  private struct RowSums {
    let first: Float
    let begins: Bool
    let sums: UnsafeMutablePointer<Float>
    let second: Float
    let next: UnsafeMutablePointer<Float>?
  }

  /// Computes bands of canvas rows. `add` receives a row of the frame, whether this band writes its luma, and its
  /// destination.
  @inline(__always)
  private func forEachBand(
    _ canvas: UnsafeMutablePointer<Float>, _ canvasLuma: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>, _ pool: ComputePool,
    _ add: (_ row: Int, _ writesLuma: Bool, _ sums: RowSums) -> Void
  ) {
    pool.parallelFor((rows.outputs + Self.bandRows - 1) / Self.bandRows) { band, thread in
      let first = band * Self.bandRows
      let last = min(first + Self.bandRows, rows.outputs)
      var sums = scratch + thread * scratchCount(threads: 1)
      var next = sums + 3 * plane
      // Whether the previous row has started these sums: it ends with the frame row with which this one begins.
      var isBegun = false
      for row in first..<last {
        let (start, count) = (Int(rows.firsts[row]), Int(rows.counts[row]))
        let weights = row * rows.tapCount
        let isShared = row + 1 < last && Int(rows.firsts[row + 1]) == start + count - 1
        for tap in (isBegun ? 1 : 0)..<count {
          let goesOn = isShared && tap == count - 1
          let line = start + tap
          add(
            line, line * rows.outputs >= first * rows.inputs,
            RowSums(
              first: rows.weights[weights + tap], begins: tap == 0, sums: sums,
              second: goesOn ? rows.weights[weights + rows.tapCount] : 0, next: goesOn ? next : nil))
        }
        // A row that was complete when it began contributed nothing to the next one.
        isBegun = isShared && !(isBegun && count == 1)
        reduce(sums, into: canvas + 3 * row * columns.outputs, luma: canvasLuma + row * columns.outputs)
        swap(&sums, &next)
      }
    }
  }

  /// Adds a row of the frame to its sums and writes its luma, eight pixels at a time.
  @inline(__always)
  private func addRow(
    _ target: RowSums, _ eight: (_ pixel: Int) -> (red: Lanes, green: Lanes, blue: Lanes),
    _ one: (_ offset: Int) -> Float, _ put: (_ luma: Lanes, _ column: Int, _ count: Int) -> Void
  ) {
    let weights = RevisionInput.lumaWeights
    for column in stride(from: 0, to: width, by: laneCount) {
      let count = min(laneCount, width - column)
      var pixels = (red: Lanes.zero, green: Lanes.zero, blue: Lanes.zero)
      if count == laneCount {
        pixels = eight(column)
      } else {
        for lane in 0..<count {
          pixels.red[lane] = one(3 * (column + lane))
          pixels.green[lane] = one(3 * (column + lane) + 1)
          pixels.blue[lane] = one(3 * (column + lane) + 2)
        }
      }
      add(pixels.red, target, column)
      add(pixels.green, target, plane + column)
      add(pixels.blue, target, 2 * plane + column)
      let luma = (pixels.red * weights.red).addingProduct(pixels.green, Lanes(repeating: weights.green))
        .addingProduct(pixels.blue, Lanes(repeating: weights.blue))
      put(luma, column, count)
    }
  }

  @inline(__always)
  private func add(_ value: Lanes, _ target: RowSums, _ place: Int) {
    let weight = Lanes(repeating: target.first)
    let sum = target.begins ? value * weight : load(target.sums + place).addingProduct(value, weight)
    store(sum, target.sums + place)
    if let next = target.next { store(value * target.second, next + place) }
  }

  /// Writes a row of the canvas and its luma.
  private func reduce(
    _ sums: UnsafePointer<Float>, into canvas: UnsafeMutablePointer<Float>, luma: UnsafeMutablePointer<Float>
  ) {
    let weights = RevisionInput.lumaWeights
    columns.weights.withUnsafeBufferPointer { shares in
      for column in 0..<columns.outputs {
        let first = sums + Int(columns.firsts[column])
        var colours = SIMD4<Float>.zero
        for tap in 0..<Int(columns.counts[column]) {
          let values = SIMD4(first[tap], first[plane + tap], first[2 * plane + tap], 0)
          colours = colours.addingProduct(values, SIMD4(repeating: shares[column * columns.tapCount + tap]))
        }
        canvas[3 * column] = colours[0]
        canvas[3 * column + 1] = colours[1]
        canvas[3 * column + 2] = colours[2]
        luma[column] = weights.red * colours[0] + weights.green * colours[1] + weights.blue * colours[2]
      }
    }
  }
}
