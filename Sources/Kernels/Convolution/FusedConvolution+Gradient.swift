import Threading

extension FusedConvolution {
  /// Whether ``backwardWeight(_:dOutput:dWeight:scratch:pool:)`` computes this convolution.
  var hasWeightGradient: Bool { algorithm != .direct }

  /// Floats of scratch for ``backwardWeight(_:dOutput:dWeight:scratch:pool:)`` on a pool of `threads`.
  func backwardWeightScratchCount(threads: Int) -> Int {
    switch algorithm {
    case .winograd6: Six.scratchCount(geometry, threads: threads)
    case .winograd4: Four.scratchCount(geometry, threads: threads)
    case .upsample, .upsampleWinograd: Nine.scratchCount(geometry, threads: threads)
    case .direct: 0
    }
  }

  private typealias Six = TransformedWeightGradient<
    WinogradInput<WinogradTile6>, WinogradOutputGradient<WinogradTile6>
  >
  private typealias Four = TransformedWeightGradient<
    WinogradInput<WinogradTile4>, WinogradOutputGradient<WinogradTile4>
  >
  private typealias Nine = TransformedWeightGradient<UpsampleInput, UpsampleOutputGradient>

  /// Adds the gradient of the weight to `dWeight`, `[O, I, 3, 3]`, see ``TransformedWeightGradient``.
  func backwardWeight(
    _ input: ActivationInput, dOutput: ActivationInput, dWeight: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let outputs = ConvolutionGeometry(
      batch: geometry.batch, height: geometry.outputHeight, width: geometry.outputWidth,
      inputChannels: geometry.outputChannels, outputChannels: geometry.outputChannels, kernel: 1, padding: 0,
      paddingMode: .zeros)
    let reader = PatchReader(input, geometry, beforeUpsampling: algorithm.isBeforeUpsampling)
    let outputReader = PatchReader(dOutput, outputs)
    switch algorithm {
    case .winograd6:
      Six.run(
        reader, outputReader: outputReader, geometry, matrix: WinogradTile6.weightMatrix, dWeight: dWeight,
        scratch: scratch, pool: pool)
    case .winograd4:
      Four.run(
        reader, outputReader: outputReader, geometry, matrix: WinogradTile4.weightMatrix, dWeight: dWeight,
        scratch: scratch, pool: pool)
    case .upsample, .upsampleWinograd:
      Nine.run(
        reader, outputReader: outputReader, geometry, matrix: FusedUpsampleConvolution.combinations, dWeight: dWeight,
        scratch: scratch, pool: pool)
    case .direct:
      preconditionFailure("the direct form has no weight gradient of its own")
    }
  }
}
