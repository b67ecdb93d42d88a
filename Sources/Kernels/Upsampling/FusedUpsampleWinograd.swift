import Threading

/// Nearest ×2 upsampling and a 3×3 convolution by ``UpsamplePhases`` and ``FusedWinograd``.
struct FusedUpsampleWinograd: FusedWinogradKernel, WeightGradientKernel {
  let geometry: ConvolutionGeometry
  /// The convolution before the upsampling.
  let winograd: FusedWinograd<WinogradTile6>

  static func supports(_ geometry: ConvolutionGeometry) -> Bool {
    FusedUpsampleConvolution.supports(geometry) && geometry.inputChannels <= WinogradLayout.maximumChannels
  }

  init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    winograd = FusedWinograd(
      ConvolutionGeometry(
        beforeUpsamplingOf: geometry, outputChannels: UpsamplePhases.count * geometry.outputChannels))
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
