import Threading

/// Nearest ×2 upsampling and a 3×3 convolution by ``UpsamplePhases`` and F(6×6, 3×3).
struct FusedUpsampleWinograd: FusedUpsampleWinogradKernel, WeightGradientKernel {
  let geometry: ConvolutionGeometry
  let winograd: FusedWinograd<WinogradTile6>

  init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    winograd = FusedWinograd(Self.beforeUpsampling(geometry))
  }

  // MARK: Backward to the weight

  func backwardWeightScratchCount(threads: Int) -> Int {
    UpsampleWeightGradient.scratchCount(geometry, threads: threads)
  }

  func backwardWeight(
    _ input: ActivationInput, dOutput: ActivationInput, dWeight: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    UpsampleWeightGradient.run(
      input, dOutput: dOutput, geometry, dWeight: dWeight, scratch: scratch, pool: pool)
  }
}

/// The same by F(4×4, 3×3) with products of bfloat16, see ``FusedWinograd4BFloat16``.
struct FusedUpsampleWinogradBFloat16: FusedUpsampleWinogradKernel {
  let geometry: ConvolutionGeometry
  let winograd: FusedWinograd<WinogradTile4Reciprocal>

  static func supports(_ geometry: ConvolutionGeometry) -> Bool {
    BFloat16Products.areAvailable && FusedUpsampleWinograd.supports(geometry)
  }

  init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    winograd = FusedWinograd(Self.beforeUpsampling(geometry), precision: .bfloat16)
  }
}

/// A kernel for nearest ×2 upsampling and a 3×3 convolution by ``UpsamplePhases``, where `winograd` is the convolution
/// before the upsampling.
protocol FusedUpsampleWinogradKernel: FusedWinogradKernel {}

extension FusedUpsampleWinogradKernel {
  static func supports(_ geometry: ConvolutionGeometry) -> Bool {
    FusedUpsampleConvolution.supports(geometry) && geometry.inputChannels <= WinogradLayout.maximumChannels
  }

  /// Returns the convolution whose output channels are the four phases of each channel.
  static func beforeUpsampling(_ geometry: ConvolutionGeometry) -> ConvolutionGeometry {
    ConvolutionGeometry(
      beforeUpsamplingOf: geometry, outputChannels: UpsamplePhases.count * geometry.outputChannels)
  }

  var materializesInput: Bool { true }

  func packWeights(_ weights: [FilterWeight], into packed: UnsafeMutablePointer<Float>, pool: ComputePool?) {
    let channels = geometry.outputChannels
    UpsamplePhases.withWeight(
      weights[0], channels: winograd.geometry.outputChannels, { (channel: $0 % channels, phase: $0 / channels) }
    ) { winograd.packWeight($0, into: packed, pool: pool) }
  }

  func forward(
    _ input: ActivationInput, weight: UnsafePointer<Float>, output: ActivationOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    winograd.forward(
      input, phases: UpsamplePhases.count, weight: weight, output: output, scratch: scratch, pool: pool)
  }
}
