import Threading

/// The gradient of the input of nearest ×2 upsampling and a 3×3 convolution, with nine products for each stored pixel.
///
/// Along one axis `dx[k] = S·(dy[2k] + dy[2k+1]) + w₀·(dy[2k+2] − dy[2k]) + w₂·(dy[2k−1] − dy[2k+1])`, see
/// ``FusedUpsampleConvolution``. The gradient of the upsampled map, four times as large, is never stored. All nine sums
/// of a pixel are contiguous, so that their products are those of a row of a matrix.
struct UpsampleInputGradient: Sendable {
  private typealias Factors = UpsampleInputGradientFactors
  private static let planes = 9

  /// The geometry of the forward convolution.
  let geometry: ConvolutionGeometry
  /// The number of pixels around the stored input that receive their own gradients, which are then folded in: 0 for
  /// padding with zeros, otherwise 1.
  let margin: Int
  private let gradientGeometry: ConvolutionGeometry

  init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    margin = geometry.paddingMode == .zeros ? 0 : 1
    gradientGeometry = ConvolutionGeometry(
      batch: geometry.batch, height: geometry.outputHeight, width: geometry.outputWidth,
      inputChannels: geometry.outputChannels, outputChannels: geometry.inputChannels, kernel: 1,
      padding: 2 * margin + 1, paddingMode: .zeros)
  }

  private var pixelsPerStrip: Int {
    max(12, min(96, (110 << 10) / (4 * Self.planes * geometry.outputChannels) / 12 * 12))
  }
  private var outputsPerRead: Int { geometry.outputChannels % 16 == 0 ? 16 : 8 }
  private var patchCount: Int { Factors.patchCount(tiles: pixelsPerStrip, channels: outputsPerRead) }
  private var depth: Int { Self.planes * geometry.outputChannels }
  private var scratchPerThread: Int { patchCount + (pixelsPerStrip + 12) * (depth + 16) }

  func scratchCount(threads: Int) -> Int { threads * scratchPerThread }
  var packedWeightCount: Int { depth * geometry.inputChannels }

  /// Packs `[O, I, 3, 3]` as `[I/16][9][O][16]`.
  func packWeight(_ weight: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>) {
    let (inputs, outputs) = (geometry.inputChannels, geometry.outputChannels)
    let combinations = FusedUpsampleConvolution.combinations.map { $0.map(Float.init) }
    for input in 0..<inputs {
      let panel = input / 16 * 16
      let width = panelWidth(at: panel, of: inputs)
      let base = packed + panel * depth + input - panel
      for output in 0..<outputs {
        let taps = weight + (output * inputs + input) * 9
        for row in 0..<3 {
          let rows = combinations[row]
          let (a, b, c) = (
            rows[0] * taps[0] + rows[1] * taps[3] + rows[2] * taps[6],
            rows[0] * taps[1] + rows[1] * taps[4] + rows[2] * taps[7],
            rows[0] * taps[2] + rows[1] * taps[5] + rows[2] * taps[8]
          )
          base[((row * 3) * outputs + output) * width] = a + b + c
          base[((row * 3 + 1) * outputs + output) * width] = a
          base[((row * 3 + 2) * outputs + output) * width] = c
        }
      }
    }
  }

  /// Writes `[N, H + 2·margin, W + 2·margin, I]`. Both activations are in the layout `[N, H, W, C]`.
  func run(
    _ dOutput: ActivationInput, weight: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let reader = PatchReader(dOutput, gradientGeometry)
    let (height, width) = (geometry.height + 2 * margin, geometry.width + 2 * margin)
    let stripsPerRow = (width + pixelsPerStrip - 1) / pixelsPerStrip
    let (inputs, perStrip) = (geometry.inputChannels, pixelsPerStrip)
    pool.parallelFor(geometry.batch * height * stripsPerRow) { strip, thread in
      let patch = scratch + thread * scratchPerThread
      let factors = patch + patchCount
      let products = factors + (perStrip + 12) * depth
      let (line, first) = (strip / stripsPerRow, strip % stripsPerRow * perStrip)
      let count = min(perStrip, width - first)
      Factors.transformTiles(
        reader, image: line / height, row: line % height * 2, column: first * 2, tiles: count,
        channels: geometry.outputChannels, atATime: outputsPerRead,
        owned: PixelRectangle(rows: 0..<0, columns: 0..<0), patch: patch, into: factors,
        TilePlacement(plane: geometry.outputChannels, tile: depth))
      let rows = MicrokernelRows(row: depth, segment: 0, segments: 1, depth: depth)
      for channel in stride(from: 0, to: inputs, by: 16) {
        let panel = panelWidth(at: channel, of: inputs)
        multiplyRows(count, width: panel, factors, rows, weight + channel * depth, into: products, stride: panel)
        var place = target + (line * width + first) * inputs + channel
        for pixel in 0..<count {
          let source = products + pixel * panel
          for lane in stride(from: 0, to: panel, by: laneCount) { store(load(source + lane), place + lane) }
          place += inputs
        }
      }
    }
  }
}
