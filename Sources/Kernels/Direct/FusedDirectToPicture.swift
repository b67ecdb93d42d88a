import Threading

/// A convolution with a small kernel to RGB. Vectors run along the pixels of a row, since three outputs would leave
/// most lanes idle.
///
/// A strip is read, transposed from pixels into planes of channels, and multiplied there, 32 pixels of three colours at
/// a time.
struct FusedDirectToPicture: ConvolutionKernel {
  private static let rowsPerStrip = 4
  private static let pixelsPerStrip = 64
  /// The number of pixels whose sums are in registers.
  private static let pixelsAtATime = 32

  let geometry: ConvolutionGeometry
  private let layout: Layout

  static func supports(_ geometry: ConvolutionGeometry) -> Bool {
    geometry.outputChannels == 3 && geometry.stride == 1 && geometry.upsampling == 1
      && geometry.inputChannels % laneCount == 0 && geometry.batch == 1
  }

  init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    layout = Layout(geometry)
  }

  private struct Layout {
    /// The number of columns of padded input under a strip, which is also the number of floats between the rows of a
    /// plane.
    let columns: Int
    let rows: Int
    let stripsPerRow: Int
    let stripRows: Int

    init(_ geometry: ConvolutionGeometry) {
      columns = paddedToLanes(pixelsPerStrip + geometry.kernel - 1)
      rows = rowsPerStrip + geometry.kernel - 1
      stripsPerRow = (geometry.outputWidth + pixelsPerStrip - 1) / pixelsPerStrip
      stripRows = (geometry.outputHeight + rowsPerStrip - 1) / rowsPerStrip
    }

    /// The number of floats between planes.
    var plane: Int { rows * columns }
    var tasks: StripTasks { StripTasks(strips: stripRows * stripsPerRow) }
    func scratchCount(_ channels: Int) -> Int {
      laneCount * plane + channels * plane + 3 * pixelsAtATime
    }
  }

  func scratchCount(threads: Int) -> Int { threads * layout.scratchCount(geometry.inputChannels) }
  var taskCount: Int { layout.tasks.tasks }

  // MARK: Weights

  var packedWeightCount: Int { geometry.inputChannels * geometry.kernel * geometry.kernel * 3 }

  /// Packs `[3, I, k, k]` as `[I][k][k][3]`.
  func packWeights(_ weights: [FilterWeight], into packed: UnsafeMutablePointer<Float>, pool: ComputePool?) {
    let (weight, taps) = (weights[0], geometry.kernel * geometry.kernel)
    packed.update(repeating: 0, count: packedWeightCount)
    for output in 0..<3 {
      for input in 0..<weight.inputChannels {
        let source = weight.taps(output: output, input: input)
        for tap in 0..<taps { packed[(input * taps + tap) * 3 + output] = source[tap] }
      }
    }
  }

  // MARK: Forward

  func forward(
    _ input: ActivationInput, weight: UnsafePointer<Float>, output: PictureOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let (geometry, layout, rowsPerStrip) = (geometry, layout, Self.rowsPerStrip)
    let (pixelsPerStrip, pixelsAtATime) = (Self.pixelsPerStrip, Self.pixelsAtATime)
    let reader = PatchReader(input, geometry)
    let tasks = layout.tasks
    let channels = geometry.inputChannels
    pool.parallelFor(tasks.tasks) { task, thread in
      let patch = scratch + thread * layout.scratchCount(channels)
      let planes = patch + laneCount * layout.plane
      let sums = planes + channels * layout.plane
      for strip in tasks.strips(of: task) {
        let top = strip / layout.stripsPerRow * rowsPerStrip
        let left = strip % layout.stripsPerRow * pixelsPerStrip
        let rows = min(rowsPerStrip, min(geometry.outputHeight, output.height) - top)
        let end = min(left + pixelsPerStrip, min(geometry.outputWidth, output.width))
        guard rows > 0, left < end else { continue }
        for channel in stride(from: 0, to: channels, by: laneCount) {
          reader.read(
            image: 0, row: top, rows: layout.rows, column: left, columns: layout.columns, channel: channel,
            count: laneCount, owned: PixelRectangle(rows: 0..<0, columns: 0..<0), into: patch)
          for index in stride(from: 0, to: layout.plane, by: laneCount) {
            transpose8x8(
              patch + index * laneCount, into: planes + channel * layout.plane + index, stride: layout.plane)
          }
        }
        for row in 0..<rows {
          for column in stride(from: left, to: end, by: pixelsAtATime) {
            Self.multiplyPlanes(
              planes + row * layout.columns + column - left, row: layout.columns, plane: layout.plane,
              kernel: geometry.kernel, channels: channels, weight, into: sums)
            Self.write(sums, row: top + row, column: column, end: end, picture: output)
          }
        }
      }
    }
  }

  @inline(__always)
  private static func write(
    _ sums: UnsafePointer<Float>, row: Int, column: Int, end: Int, picture: PictureOutput
  ) {
    let (bias, scaling) = (picture.bias, picture.scaling)
    for first in stride(from: 0, to: min(pixelsAtATime, end - column), by: laneCount) {
      func colour(_ index: Int) -> Lanes {
        let value = load(sums + index * pixelsAtATime + first)
        return scaling.apply(bias.map { value + Lanes(repeating: $0[index]) } ?? value)
      }
      ColourLanes(red: colour(0), green: colour(1), blue: colour(2), picture: picture)
        .write(lane: 0, count: laneCount, row: row, column: column + first, limit: end)
    }
  }

  /// Computes the sums of 32 pixels, `[3][32]`, from planes whose rows are `row` floats apart.
  @inline(never)
  private static func multiplyPlanes(
    _ planes: UnsafePointer<Float>, row: Int, plane: Int, kernel: Int, channels: Int, _ weight: UnsafePointer<Float>,
    into sums: UnsafeMutablePointer<Float>
  ) {
    var (r0, r1, r2, r3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
    var (g0, g1, g2, g3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
    var (b0, b1, b2, b3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
    var taps = weight
    for channel in 0..<channels {
      for line in 0..<kernel {
        var source = planes + channel * plane + line * row
        for _ in 0..<kernel {
          let (red, green, blue) = (Lanes(repeating: taps[0]), Lanes(repeating: taps[1]), Lanes(repeating: taps[2]))
          var value = load(source)
          r0 = r0.addingProduct(value, red)
          g0 = g0.addingProduct(value, green)
          b0 = b0.addingProduct(value, blue)
          value = load(source + 8)
          r1 = r1.addingProduct(value, red)
          g1 = g1.addingProduct(value, green)
          b1 = b1.addingProduct(value, blue)
          value = load(source + 16)
          r2 = r2.addingProduct(value, red)
          g2 = g2.addingProduct(value, green)
          b2 = b2.addingProduct(value, blue)
          value = load(source + 24)
          r3 = r3.addingProduct(value, red)
          g3 = g3.addingProduct(value, green)
          b3 = b3.addingProduct(value, blue)
          source += 1
          taps += 3
        }
      }
    }
    store(r0, sums)
    store(r1, sums + 8)
    store(r2, sums + 16)
    store(r3, sums + 24)
    store(g0, sums + 32)
    store(g1, sums + 40)
    store(g2, sums + 48)
    store(g3, sums + 56)
    store(b0, sums + 64)
    store(b1, sums + 72)
    store(b2, sums + 80)
    store(b3, sums + 88)
  }
}
