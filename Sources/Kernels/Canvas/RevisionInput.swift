import Threading

/// The input and output operations of a revision as separate passes, for training. ``RevisionPass`` is the fused form.
package enum RevisionInput {
  /// The number of values of a block of 2×2 pixels.
  package static let channels = 8
  /// The divisor of the frame's Laplacian.
  package static let laplacianScale: Float = 64
  /// The factor of the residual, with which weights of the usual size change pixels noticeably.
  package static let residualScale: Float = 64
  /// Levels become `(x − 127.5) / 127.5`.
  static let levelScale: Float = 127.5

  /// The luma weights of red, green and blue, ITU-R BT.601.
  static let lumaWeights: (red: Float, green: Float, blue: Float) = (0.299, 0.587, 0.114)

  /// Computes `output[p] = 0.299·red + 0.587·green + 0.114·blue` of `pixels` RGB pixels.
  package static func luma(
    _ input: UnsafePointer<Float>, pixels: Int, output: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let chunk = 1 << 14
    let weights = lumaWeights
    pool.parallelFor((pixels + chunk - 1) / chunk) { index in
      for pixel in index * chunk..<min((index + 1) * chunk, pixels) {
        let colours = input + 3 * pixel
        output[pixel] = weights.red * colours[0] + weights.green * colours[1] + weights.blue * colours[2]
      }
    }
  }

  /// Computes the eight values of each block: `output` `[N, ⌈H/2⌉, ⌈W/2⌉, 8]`.
  ///
  /// - Parameters:
  ///   - luma: The luma of the frame, `[N, H, W]`.
  ///   - enlargedLuma: The luma of the canvas, enlarged to the size of the frame, `[N, H, W]`.
  ///   - draft: The draft at the block centres, `[N, ⌈H/2⌉, ⌈W/2⌉, 3]`, RGB 0…255.
  ///   - canvasLuma: The luma of the canvas at the block centres, `[N, ⌈H/2⌉, ⌈W/2⌉]`.
  package static func forward(
    luma: UnsafePointer<Float>, enlargedLuma: UnsafePointer<Float>, draft: UnsafePointer<Float>,
    canvasLuma: UnsafePointer<Float>, batch: Int, height: Int, width: Int, output: UnsafeMutablePointer<Float>,
    pool: ComputePool
  ) {
    let (rows, columns) = ((height + 1) / 2, (width + 1) / 2)
    pool.parallelFor(batch * rows) { index in
      let (image, row) = index.quotientAndRemainder(dividingBy: rows)
      for column in 0..<columns {
        let block = index * columns + column
        let values = output + block * channels
        for place in 0..<4 {
          let (y, x) = (min(2 * row + place / 2, height - 1), min(2 * column + place % 2, width - 1))
          let pixel = (image * height + y) * width + x
          values[place] = (luma[pixel] - enlargedLuma[pixel]) / laplacianScale
        }
        for colour in 0..<3 { values[4 + colour] = (draft[3 * block + colour] - levelScale) / levelScale }
        values[7] = (canvasLuma[block] - levelScale) / levelScale
      }
    }
  }

  /// Computes the gradient of the draft at the centres of `blocks` blocks. The frame has no gradient.
  package static func backward(
    _ dOutput: UnsafePointer<Float>, blocks: Int, dDraft: UnsafeMutablePointer<Float>
  ) {
    for block in 0..<blocks {
      for colour in 0..<3 { dDraft[3 * block + colour] = dOutput[channels * block + 4 + colour] / levelScale }
    }
  }

  /// `output[n, y, x, c] = base[n, y, x, c] + scale·residual[n, y/2, x/2, 4c + 2(y mod 2) + x mod 2]`, where base and
  /// output are `[N, H, W, 3]` and residual is `[N, ⌈H/2⌉, ⌈W/2⌉, 12]`.
  package static func addBlocks(
    _ residual: UnsafePointer<Float>, scale: Float, to base: UnsafePointer<Float>, batch: Int, height: Int, width: Int,
    output: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let (rows, columns) = ((height + 1) / 2, (width + 1) / 2)
    pool.parallelFor(batch * height) { index in
      let (image, y) = index.quotientAndRemainder(dividingBy: height)
      let blocks = residual + (image * rows + y / 2) * columns * 12 + y % 2 * 2
      for x in 0..<width {
        let pixel = 3 * (index * width + x)
        for colour in 0..<3 {
          output[pixel + colour] = base[pixel + colour] + scale * blocks[x / 2 * 12 + 4 * colour + x % 2]
        }
      }
    }
  }

  /// Computes the gradient of the residual: `scale` times that of the pixels, and zero where a block lies outside.
  package static func addBlocksBackward(
    _ dOutput: UnsafePointer<Float>, scale: Float, batch: Int, height: Int, width: Int,
    dResidual: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let (rows, columns) = ((height + 1) / 2, (width + 1) / 2)
    pool.parallelFor(batch * rows) { index in
      let (image, row) = index.quotientAndRemainder(dividingBy: rows)
      for column in 0..<columns {
        let values = dResidual + (index * columns + column) * 12
        for place in 0..<4 {
          let (y, x) = (2 * row + place / 2, 2 * column + place % 2)
          let pixel = dOutput + 3 * ((image * height + y) * width + x)
          for colour in 0..<3 { values[4 * colour + place] = y < height && x < width ? scale * pixel[colour] : 0 }
        }
      }
    }
  }
}
