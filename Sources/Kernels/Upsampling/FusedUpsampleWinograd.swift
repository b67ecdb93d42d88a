import Threading

/// Nearest ×2 upsampling and a 3×3 convolution by ``UpsamplePhases`` and ``FusedWinograd``.
enum FusedUpsampleWinograd {
  private typealias Tile = WinogradTile6

  static func supports(_ geometry: ConvolutionGeometry) -> Bool {
    FusedUpsampleConvolution.supports(geometry) && geometry.inputChannels <= FusedWinograd.Layout.mostChannels
  }

  /// The convolution in front of the upsampling.
  private static func inner(_ geometry: ConvolutionGeometry) -> ConvolutionGeometry {
    ConvolutionGeometry(
      beforeUpsamplingOf: geometry, outputChannels: UpsamplePhases.count * geometry.outputChannels)
  }

  static func packedWeightCount(_ geometry: ConvolutionGeometry) -> Int {
    FusedWinograd.packedWeightCount(inner(geometry), Tile.self)
  }

  static func scratchCount(_ geometry: ConvolutionGeometry, threads: Int) -> Int {
    FusedWinograd.scratchCount(inner(geometry), Tile.self, threads: threads)
  }

  static func taskCount(_ geometry: ConvolutionGeometry) -> Int {
    FusedWinograd.taskCount(inner(geometry), Tile.self)
  }

  /// Packs `[O, I, 3, 3]`, perhaps of fewer channels than the geometry's.
  static func packWeight(
    _ weight: FilterWeight, _ geometry: ConvolutionGeometry, into packed: UnsafeMutablePointer<Float>,
    pool: ComputePool?
  ) {
    let (inner, channels) = (inner(geometry), geometry.outputChannels)
    UpsamplePhases.withWeight(
      weight, channels: inner.outputChannels, { (channel: $0 % channels, phase: $0 / channels) }
    ) { FusedWinograd.packWeight($0, inner, Tile.self, into: packed, pool: pool) }
  }

  static func forward(
    _ input: ActivationInput, _ geometry: ConvolutionGeometry, weight: UnsafePointer<Float>, output: ActivationOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    FusedWinograd.forward(
      input, inner(geometry), Tile.self, phases: UpsamplePhases.count, weight: weight, output: output,
      scratch: scratch, pool: pool)
  }
}
