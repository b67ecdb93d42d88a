import Threading

/// The ways to compute a convolution.
public enum ConvolutionAlgorithm: String, Sendable, CaseIterable {
  /// ``Im2colConvolution``: any kernel, stride and padding.
  case im2col
  /// ``WinogradConvolution``: 3×3, stride 1.
  case winograd
  /// ``KernelToRowConvolution``: stride 1, few output channels.
  case kernelToRow
  /// ``DirectConvolution``: any kernel, stride and padding; best with few channels on one side. Gradients go the other ways.
  case direct

  /// Whether the algorithm computes `geometry`.
  public func supports(_ geometry: ConvolutionGeometry) -> Bool {
    switch self {
    case .im2col, .direct: true
    case .winograd: WinogradConvolution.supports(geometry)
    case .kernelToRow: KernelToRowConvolution.supports(geometry)
    }
  }

  /// The algorithm to use for `geometry` where nothing else is asked for.
  public static func preferred(for geometry: ConvolutionGeometry) -> ConvolutionAlgorithm {
    // Below eight channels on either side the transforms cost more than the products that they save.
    if WinogradConvolution.supports(geometry) && geometry.inputChannels >= laneCount
      && geometry.outputChannels >= laneCount
    {
      return .winograd
    }
    if min(geometry.inputChannels, geometry.outputChannels) < laneCount
      && max(geometry.inputChannels, geometry.outputChannels) >= laneCount
    {
      return .direct
    }
    return .im2col
  }
}

/// Two-dimensional convolution (cross-correlation, as everywhere in the field) by a chosen algorithm.
///
/// `output[n, y, x, o] = bias[o] + Σ input[n, y·s + i − p, x·s + j − p, c] · weight[o, c, i, j]`; input `[N, H, W, I]`, output
/// `[N, Ho, Wo, O]`, weight `[O, I, k, k]`. Scratch memory belongs to the caller.
public struct Convolution2D: Sendable {
  /// The extents.
  public let geometry: ConvolutionGeometry
  /// How it is computed.
  public let algorithm: ConvolutionAlgorithm

  /// A convolution of `geometry` by `algorithm`, or by the preferred one; `algorithm` must support `geometry`.
  public init(_ geometry: ConvolutionGeometry, algorithm: ConvolutionAlgorithm? = nil) {
    self.geometry = geometry
    self.algorithm = algorithm ?? .preferred(for: geometry)
    precondition(self.algorithm.supports(geometry), "\(self.algorithm) does not compute this convolution")
  }

  /// Floats of a prepared weight.
  public var preparedWeightCount: Int {
    switch algorithm {
    case .im2col: Im2colConvolution.packedWeightCount(geometry)
    case .winograd: WinogradConvolution.transformedWeightCount(geometry)
    case .kernelToRow: KernelToRowConvolution.packedWeightCount(geometry)
    case .direct: DirectConvolution.packedWeightCount(geometry)
    }
  }

  /// Writes `weight`, `[O, I, k, k]`, in the form that ``forward(_:preparedWeight:epilogue:output:scratch:pool:)`` reads.
  public func prepareWeight(_ weight: UnsafePointer<Float>, into prepared: UnsafeMutablePointer<Float>) {
    switch algorithm {
    case .im2col: Im2colConvolution.packWeight(weight, geometry, into: prepared)
    case .winograd: WinogradConvolution.transformWeight(weight, geometry, into: prepared)
    case .kernelToRow: KernelToRowConvolution.packWeight(weight, geometry, into: prepared)
    case .direct: DirectConvolution.packWeight(weight, geometry, into: prepared)
    }
  }

  /// Floats of scratch that ``forward(_:preparedWeight:epilogue:output:scratch:pool:)`` needs on a pool of `threads`.
  public func forwardScratchCount(threads: Int) -> Int {
    switch algorithm {
    case .im2col: Im2colConvolution.forwardScratchCount(geometry, threads: threads)
    case .winograd: WinogradConvolution.forwardScratchCount(geometry, threads: threads)
    case .kernelToRow: KernelToRowConvolution.forwardScratchCount(geometry, threads: threads)
    case .direct: DirectConvolution.forwardScratchCount(geometry, threads: threads)
    }
  }

  /// Computes `output` from `input`; the two must not overlap.
  public func forward(
    _ input: UnsafePointer<Float>, preparedWeight: UnsafePointer<Float>, epilogue: ConvolutionEpilogue,
    output: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    switch algorithm {
    case .im2col:
      Im2colConvolution.forward(
        input, geometry, packedWeight: preparedWeight, epilogue: epilogue, output: output, scratch: scratch, pool: pool)
    case .winograd:
      WinogradConvolution.forward(
        input, geometry, transformedWeight: preparedWeight, epilogue: epilogue, output: output, scratch: scratch,
        pool: pool)
    case .kernelToRow:
      KernelToRowConvolution.forward(
        input, geometry, packedWeight: preparedWeight, epilogue: epilogue, output: output, scratch: scratch, pool: pool)
    case .direct:
      DirectConvolution.forward(
        input, geometry, packedWeight: preparedWeight, epilogue: epilogue, output: output, scratch: scratch, pool: pool)
    }
  }

  // MARK: Backward to the weight

  /// The direct form has no gradient of its own.
  private var weightGradientAlgorithm: ConvolutionAlgorithm {
    guard algorithm == .direct else { return algorithm }
    let movesOutputs = KernelToRowConvolution.supports(geometry) && geometry.kernel > 1
    return movesOutputs && geometry.outputChannels * 2 <= geometry.inputChannels ? .kernelToRow : .im2col
  }

  /// Floats of scratch that ``backwardWeight(_:dOutput:dWeight:scratch:pool:)`` needs.
  public var backwardWeightScratchCount: Int {
    switch weightGradientAlgorithm {
    case .im2col, .direct: Im2colConvolution.backwardWeightScratchCount(geometry)
    case .winograd: WinogradConvolution.backwardWeightScratchCount(geometry)
    case .kernelToRow: KernelToRowConvolution.backwardWeightScratchCount(geometry)
    }
  }

  /// Adds the gradient of the weight to `dWeight`, `[O, I, k, k]`.
  public func backwardWeight(
    _ input: UnsafePointer<Float>, dOutput: UnsafePointer<Float>, dWeight: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    switch weightGradientAlgorithm {
    case .im2col, .direct:
      Im2colConvolution.backwardWeight(
        input, dOutput: dOutput, geometry, dWeight: dWeight, scratch: scratch, pool: pool)
    case .winograd:
      WinogradConvolution.backwardWeight(
        input, dOutput: dOutput, geometry, dWeight: dWeight, scratch: scratch, pool: pool)
    case .kernelToRow:
      KernelToRowConvolution.backwardWeight(
        input, dOutput: dOutput, geometry, dWeight: dWeight, scratch: scratch, pool: pool)
    }
  }

  /// Adds the gradient of the bias, `dBias[o] += Σ dOutput[…, o]`.
  public func backwardBias(_ dOutput: UnsafePointer<Float>, dBias: UnsafeMutablePointer<Float>, pool: ComputePool) {
    Reduction.addChannelSums(
      dOutput, pixels: geometry.batch * geometry.outputPixels, channels: geometry.outputChannels, to: dBias, pool: pool)
  }
}
