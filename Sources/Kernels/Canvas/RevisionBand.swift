/// A band of rows of blocks on one thread, see ``RevisionPass``.
struct RevisionBand {
  /// The planes of an enlarged canvas row: red, green, blue and luma at the even columns, the odd columns and the block
  /// centres.
  private static let canvasPlanes = 12
  /// The rows of blocks that a 3×3 convolution reads.
  private static let ringRows = 3

  private let pass: RevisionPass
  private let luma: FrameLuma?
  private let canvasLuma: UnsafePointer<Float>
  private let draft: UnsafePointer<Float>
  private let weight: UnsafePointer<Float>
  private let picture: PictureOutput
  private let pitch: Int

  /// Enlarged rows of the canvas, `[canvasRows][12][pitch]`.
  private let canvas: UnsafeMutablePointer<Float>
  /// The row numbers of those rows; −1 for none.
  private let tags: UnsafeMutablePointer<Float>
  /// The values of the blocks, `[3][8][pitch]`.
  private let values: UnsafeMutablePointer<Float>
  /// The output of the first convolution, `[3][C][pitch]`.
  private let hidden: UnsafeMutablePointer<Float>
  /// The residual of a tile, `[12][64]`.
  private let residual: UnsafeMutablePointer<Float>
  /// A row of the canvas: red, green, blue and luma of each pixel, with the last pixel repeated once.
  private let colours: UnsafeMutablePointer<Float>
  /// The pixels of a tile, `[2][64]`.
  private let pixels: UnsafeMutablePointer<Float>

  /// Returns the floats of scratch space for one band.
  static func scratchCount(_ pass: RevisionPass) -> Int {
    pass.pitch
      * (pass.canvasRows * canvasPlanes
        + (pass.channels > 0 ? ringRows * (RevisionInput.channels + pass.storedChannels) : 0))
      + (RevisionPass.outputs + 2) * rowTileCount + (4 * (pass.canvasWidth + 1) + pass.canvasRows + 15) / 16 * 16
  }

  init(
    pass: RevisionPass, luma: FrameLuma?, canvasLuma: UnsafePointer<Float>, draft: UnsafePointer<Float>,
    weight: UnsafePointer<Float>, picture: PictureOutput, scratch: UnsafeMutablePointer<Float>
  ) {
    self.pass = pass
    self.luma = luma
    self.canvasLuma = canvasLuma
    self.draft = draft
    self.weight = weight
    self.picture = picture
    pitch = pass.pitch
    canvas = scratch
    values = canvas + pass.canvasRows * Self.canvasPlanes * pitch
    hidden = values + (pass.channels > 0 ? Self.ringRows * RevisionInput.channels * pitch : 0)
    residual = hidden + Self.ringRows * pass.storedChannels * pitch
    pixels = residual + RevisionPass.outputs * rowTileCount
    colours = pixels + 2 * rowTileCount
    tags = colours + 4 * (pass.canvasWidth + 1)
    tags.update(repeating: -1, count: pass.canvasRows)
  }

  /// Writes the rows of the frame in the blocks of `range`.
  func run(_ range: Range<Int>) {
    guard pass.channels > 0 else {
      for row in range { write(row) }
      return
    }
    let last = pass.rows - 1
    // Hidden values are needed one row beyond both ends, and block values one row beyond those.
    var nextHidden = max(range.lowerBound - 1, 0)
    var nextValues = max(range.lowerBound - 2, 0)
    for row in range {
      while nextHidden <= min(row + 1, last) {
        while nextValues <= min(nextHidden + 1, last) {
          read(nextValues)
          nextValues += 1
        }
        convolve(nextHidden)
        nextHidden += 1
      }
      write(row)
    }
  }

  // MARK: The canvas

  /// Computes a row of the canvas at the columns of the frame.
  @inline(__always)
  private func canvasRow(_ row: Int32) -> UnsafePointer<Float> {
    let slot = Int(row) % pass.canvasRows
    let target = canvas + slot * Self.canvasPlanes * pitch + RevisionPass.margin
    // Integers of at most 2¹⁶ are exact as floats.
    if tags[slot] != Float(row) {
      tags[slot] = Float(row)
      enlarge(Int(row), into: target)
    }
    return UnsafePointer(target)
  }

  private func enlarge(_ row: Int, into target: UnsafeMutablePointer<Float>) {
    let width = pass.canvasWidth
    let draft = draft + 3 * row * width
    let lumas = canvasLuma + row * width
    func store(_ value: SIMD4<Float>, _ place: Int) {
      UnsafeMutableRawPointer(colours + place).storeBytes(of: value, as: SIMD4<Float>.self)
    }
    for column in 0...width {
      let pixel = min(column, width - 1)
      store(SIMD4(draft[3 * pixel], draft[3 * pixel + 1], draft[3 * pixel + 2], lumas[pixel]), 4 * column)
    }
    for set in 0..<3 {
      pass.lowers[set].withUnsafeBufferPointer { lowers in
        pass.fractions[set].withUnsafeBufferPointer { fractions in
          for block in stride(from: 0, to: lowers.count, by: 4) {
            @inline(__always) func pixel(_ index: Int) -> SIMD4<Float> {
              let place = UnsafeRawPointer(colours + 4 * Int(lowers[block + index]))
              let (left, right) = (
                place.loadUnaligned(as: SIMD4<Float>.self), (place + 16).loadUnaligned(as: SIMD4<Float>.self)
              )
              return left.addingProduct(right - left, SIMD4(repeating: fractions[block + index]))
            }
            let (a, b, c, d) = (pixel(0), pixel(1), pixel(2), pixel(3))
            let place = target + 4 * set * pitch + block
            for plane in 0..<4 {
              UnsafeMutableRawPointer(place + plane * pitch)
                .storeBytes(of: SIMD4(a[plane], b[plane], c[plane], d[plane]), as: SIMD4<Float>.self)
            }
          }
        }
      }
    }
  }

  /// Two rows of the canvas and the weight of the lower one.
  private struct RowPair {
    let upper: UnsafePointer<Float>
    let lower: UnsafePointer<Float>
    let fraction: Lanes

    @inline(__always)
    func value(_ place: Int) -> Lanes {
      let upper = load(self.upper + place)
      return upper.addingProduct(load(lower + place) - upper, fraction)
    }
  }

  @inline(__always)
  private func pair(_ axis: BilinearAxis, _ row: Int) -> RowPair {
    RowPair(
      upper: canvasRow(axis.lowers[row]), lower: canvasRow(axis.uppers[row]),
      fraction: Lanes(repeating: axis.fractions[row]))
  }

  // MARK: Values and hidden channels

  private func slot(_ ring: UnsafeMutablePointer<Float>, _ row: Int, planes: Int) -> UnsafeMutablePointer<Float> {
    ring + row % Self.ringRows * planes * pitch + RevisionPass.margin
  }

  /// Mirrors the first and the last column of `planes` planes.
  private func mirror(_ planes: Int, _ first: UnsafeMutablePointer<Float>) {
    let (left, right) = (min(1, pass.columns - 1), max(pass.columns - 2, 0))
    for plane in 0..<planes {
      let row = first + plane * pitch
      row[-1] = row[left]
      row[pass.columns] = row[right]
    }
  }

  /// Computes the values of a row of blocks.
  private func read(_ row: Int) {
    let target = slot(values, row, planes: RevisionInput.channels)
    let half = FrameLuma.half(width: pass.width)
    for line in 0..<2 {
      let y = min(2 * row + line, pass.height - 1)
      let pair = pair(pass.frameRows, y)
      switch luma {
      case .bytes(let bytes)?:
        subtract(pair, into: target + 2 * line * pitch) { load(bytes + 2 * half * y + $0 * half + $1) }
      case .floats(let floats)?:
        subtract(pair, into: target + 2 * line * pitch) { load(floats + 2 * half * y + $0 * half + $1) }
      case nil: break
      }
    }
    let pair = pair(pass.centreRows, row)
    let (centre, scale) = (Lanes(repeating: RevisionInput.levelScale), Lanes(repeating: 1 / RevisionInput.levelScale))
    for plane in 0..<4 {
      for block in stride(from: 0, to: pass.columns, by: laneCount) {
        store((pair.value((8 + plane) * pitch + block) - centre) * scale, target + (4 + plane) * pitch + block)
      }
    }
    mirror(RevisionInput.channels, target)
  }

  /// Computes a row of the frame's Laplacian at the even and odd columns.
  @inline(__always)
  private func subtract(
    _ canvas: RowPair, into target: UnsafeMutablePointer<Float>, _ luma: (_ parity: Int, _ block: Int) -> Lanes
  ) {
    let scale = Lanes(repeating: 1 / RevisionInput.laplacianScale)
    for parity in 0..<2 {
      for block in stride(from: 0, to: pass.columns, by: laneCount) {
        let difference = luma(parity, block) - canvas.value((4 * parity + 3) * pitch + block)
        store(difference * scale, target + parity * pitch + block)
      }
    }
  }

  /// Returns the rows of `ring` that a convolution reads for row `row`, mirrored at the first and the last.
  private func rows(_ ring: UnsafeMutablePointer<Float>, _ row: Int, planes: Int) -> PlaneRows {
    let (above, below) = (row > 0 ? row - 1 : min(1, pass.rows - 1), row + 1 < pass.rows ? row + 1 : max(row - 1, 0))
    return PlaneRows(
      upper: UnsafePointer(slot(ring, above, planes: planes)), middle: UnsafePointer(slot(ring, row, planes: planes)),
      lower: UnsafePointer(slot(ring, below, planes: planes)), plane: pitch)
  }

  /// Computes a row of the first convolution.
  private func convolve(_ row: Int) {
    let source = rows(values, row, planes: RevisionInput.channels)
    let target = slot(hidden, row, planes: pass.storedChannels)
    let products = RevisionInput.channels * 9
    for block in stride(from: 0, to: pass.columns, by: rowTileCount) {
      for first in stride(from: 0, to: pass.storedChannels, by: RevisionPass.group) {
        convolveRow(
          source.moved(block), channels: RevisionInput.channels, weight + first * products,
          bias: weight + pass.parts.bias1 + first, appliesReLU: true, into: target + first * pitch + block,
          stride: pitch, isWide: pass.isWide)
      }
    }
    mirror(pass.storedChannels, target)
  }

  // MARK: The picture

  /// Writes the rows of the frame in a row of blocks.
  private func write(_ row: Int) {
    let source = pass.channels > 0 ? rows(hidden, row, planes: pass.storedChannels) : nil
    let (weights, biases) = (weight + pass.parts.weight2, weight + pass.parts.bias2)
    let upper = pair(pass.frameRows, 2 * row)
    let lower = 2 * row + 1 < pass.height ? pair(pass.frameRows, 2 * row + 1) : nil
    for block in stride(from: 0, to: pass.columns, by: rowTileCount) {
      if let source {
        for first in stride(from: 0, to: RevisionPass.outputs, by: RevisionPass.group) {
          convolveRow(
            source.moved(block), channels: pass.channels, weights + first * pass.channels * 9, bias: biases + first,
            appliesReLU: false, into: residual + first * rowTileCount, stride: rowTileCount, isWide: pass.isWide)
        }
      }
      write(upper, block, row: 2 * row, residual: source == nil ? nil : UnsafePointer(residual))
      if let lower {
        write(lower, block, row: 2 * row + 1, residual: source == nil ? nil : residual + 2 * rowTileCount)
      }
    }
  }

  /// Writes the pixels of a tile that begins at `first`. `residual` holds those of the row, `[3][2][2][64]`.
  ///
  /// Vectors pass through `pixels`: if they were split into lanes directly, the compiler would compute them lane by
  /// lane.
  @inline(__always)
  private func write(_ draft: RowPair, _ first: Int, row: Int, residual: UnsafePointer<Float>?) {
    let end = min(first + rowTileCount, pass.columns)
    @inline(__always) func value(_ colour: Int, _ parity: Int, _ block: Int) -> Lanes {
      let base = draft.value((4 * parity + colour) * pitch + block)
      guard let residual else { return base }
      return base + load(residual + (4 * colour + parity) * rowTileCount + block - first)
    }
    switch picture.storage {
    case .bytes(let bytes, let stride):
      let words = UnsafeMutableRawPointer(pixels)
      for parity in 0..<2 {
        for block in Swift.stride(from: first, to: end, by: laneCount) {
          let word =
            roundedWords(value(0, parity, block)) | (roundedWords(value(1, parity, block)) &<< 8)
            | (roundedWords(value(2, parity, block)) &<< 16)
          words.storeBytes(
            of: word, toByteOffset: 4 * (parity * rowTileCount + block - first), as: SIMD8<UInt32>.self)
        }
      }
      let pairs = words.bindMemory(to: UInt32.self, capacity: 2 * rowTileCount)
      writePairs(pairs, end - first, bytes + row * stride + 6 * first, isLast: end == pass.columns)
    case .floats(let floats, let stride):
      let target = floats + row * stride + 6 * first
      for colour in 0..<3 {
        for parity in 0..<2 {
          for block in Swift.stride(from: first, to: end, by: laneCount) {
            store(value(colour, parity, block), pixels + parity * rowTileCount + block - first)
          }
        }
        for pixel in 0..<min(2 * (end - first), pass.width - 2 * first) {
          target[3 * pixel + colour] = pixels[pixel % 2 * rowTileCount + pixel / 2]
        }
      }
    }
  }

  /// Writes `count` pairs of three-byte pixels from their words, the even pixels first, and never writes beyond the end
  /// of the row.
  @inline(__always)
  private func writePairs(
    _ words: UnsafePointer<UInt32>, _ count: Int, _ target: UnsafeMutablePointer<UInt8>, isLast: Bool
  ) {
    for index in 0..<(isLast ? count - 1 : count) {
      let pair = UInt64(words[index]) | (UInt64(words[rowTileCount + index]) << 24)
      // The two extra bytes belong to the next pair, which is written later.
      UnsafeMutableRawPointer(target + 6 * index).storeBytes(of: pair.littleEndian, as: UInt64.self)
    }
    guard isLast else { return }
    let pair = UInt64(words[count - 1]) | (UInt64(words[rowTileCount + count - 1]) << 24)
    for byte in 0..<(pass.width % 2 == 0 ? 6 : 3) {
      target[6 * (count - 1) + byte] = UInt8(truncatingIfNeeded: pair >> UInt64(8 * byte))
    }
  }
}
