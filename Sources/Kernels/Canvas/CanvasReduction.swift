import Threading

/// Reduces a film's picture to its canvas by area averaging, see ``AreaReduction``, and takes its luma along: one walk over the pixels.
public struct CanvasReduction: Sendable {
  /// Rows of the canvas that a thread computes at a time.
  private static let bandRows = 8

  /// Pixels across the film.
  public let width: Int
  /// Pixels down the film.
  public let height: Int
  private let rows: AreaAxis
  private let columns: AreaAxis

  /// From a film of `width` × `height` to a canvas of `canvasWidth` × `canvasHeight`, each at least 1.
  public init(width: Int, height: Int, canvasWidth: Int, canvasHeight: Int) {
    precondition(
      min(width, height, canvasWidth, canvasHeight) >= 1, "\(width)x\(height) to \(canvasWidth)x\(canvasHeight)")
    self.width = width
    self.height = height
    rows = AreaAxis(inputs: height, outputs: canvasHeight)
    columns = AreaAxis(inputs: width, outputs: canvasWidth)
  }

  /// Floats between the colours' sums.
  private var plane: Int { paddedToLanes(width) }

  /// Floats of scratch on a pool of `threads`: for each the sums of two rows.
  public func scratchCount(threads: Int) -> Int { threads * 6 * plane }

  /// Reduces `picture`.
  ///
  /// - Parameters:
  ///   - luma: where the film's luma goes, of the picture's kind; nil where none is wanted.
  ///   - canvas: RGB, `[canvasHeight, canvasWidth, 3]`.
  ///   - canvasLuma: its luma, `[canvasHeight, canvasWidth]`.
  ///   - scratch: ``scratchCount(threads:)`` floats.
  public func forward(
    _ picture: PictureInput.Storage, luma: FilmLuma?, canvas: UnsafeMutablePointer<Float>,
    canvasLuma: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let half = FilmLuma.half(width: width)
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

  /// Where a film's row goes: `first` times it to one row of sums, which begin with it or go on, and perhaps `second` times it to the next.
  private struct RowSums {
    let first: Float
    let begins: Bool
    let sums: UnsafeMutablePointer<Float>
    let second: Float
    let next: UnsafeMutablePointer<Float>?
  }

  /// Runs bands of the canvas' rows: `add` gets a row of the film, whether its luma is this band's to write, and where it goes.
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
      // Whether the row before has begun these sums: its last row of the film is this one's first.
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
        // A row that was complete when it began has passed nothing on.
        isBegun = isShared && !(isBegun && count == 1)
        reduce(sums, into: canvas + 3 * row * columns.outputs, luma: canvasLuma + row * columns.outputs)
        swap(&sums, &next)
      }
    }
  }

  /// Adds a row of the film to its sums and hands its luma on, eight pixels at a time.
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
