import Threading

/// The ways to compute a convolution in training.
public enum ConvolutionAlgorithm: String, Sendable, CaseIterable {
  /// ``Im2colConvolution``: any kernel, stride and padding.
  case im2col
  /// ``FusedConvolution`` by its preferred algorithm, on whole pixels: channels in multiples of 8.
  case fused
  /// ``DirectConvolution``: any kernel, stride and padding; best with few channels on one side.
  case direct

  /// Whether the algorithm computes `geometry`.
  public func supports(_ geometry: ConvolutionGeometry) -> Bool {
    switch self {
    case .im2col, .direct: true
    case .fused: FusedAlgorithm.preferred(for: geometry).supports(geometry)
    }
  }

  /// The algorithm to use for `geometry` where nothing else is asked for.
  public static func preferred(for geometry: ConvolutionGeometry) -> ConvolutionAlgorithm {
    if ConvolutionAlgorithm.fused.supports(geometry) { return .fused }
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
  private let fused: FusedConvolution?

  /// A convolution of `geometry` by `algorithm`, or by the preferred one; `algorithm` must support `geometry`.
  public init(_ geometry: ConvolutionGeometry, algorithm: ConvolutionAlgorithm? = nil) {
    self.geometry = geometry
    self.algorithm = algorithm ?? .preferred(for: geometry)
    precondition(self.algorithm.supports(geometry), "\(self.algorithm) does not compute this convolution")
    fused = self.algorithm == .fused ? FusedConvolution(geometry) : nil
  }

  /// Floats of a prepared weight.
  public var preparedWeightCount: Int {
    if let fused { return fused.packedWeightCount }
    return switch algorithm {
    case .im2col, .fused: Im2colConvolution.packedWeightCount(geometry)
    case .direct: DirectConvolution.packedWeightCount(geometry)
    }
  }

  /// Writes `weight`, `[O, I, k, k]`, in the form that ``forward(_:mask:preparedWeight:epilogue:output:scratch:pool:)`` reads.
  public func prepareWeight(
    _ weight: UnsafePointer<Float>, into prepared: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    if let fused {
      return fused.packWeight(
        FilterWeight(
          weight, outputChannels: geometry.outputChannels, inputChannels: geometry.inputChannels,
          kernel: geometry.kernel), into: prepared, pool: pool)
    }
    switch algorithm {
    case .im2col, .fused: Im2colConvolution.packWeight(weight, geometry, into: prepared)
    case .direct: DirectConvolution.packWeight(weight, geometry, into: prepared)
    }
  }

  /// Floats of scratch that ``forward(_:mask:preparedWeight:epilogue:output:scratch:pool:)`` needs on a pool of `threads`.
  public func forwardScratchCount(threads: Int) -> Int {
    if let fused { return fused.scratchCount(threads: threads) }
    return switch algorithm {
    case .im2col, .fused: Im2colConvolution.forwardScratchCount(geometry, threads: threads)
    case .direct: DirectConvolution.forwardScratchCount(geometry, threads: threads)
    }
  }

  /// Whether the input may come with a mask.
  public var readsMask: Bool { fused != nil }

  /// Computes `output` from `input`; the two must not overlap. With `mask`, of the input's shape, the input counts only where that is
  /// positive; only where ``readsMask``.
  public func forward(
    _ input: UnsafePointer<Float>, mask: UnsafePointer<Float>? = nil, preparedWeight: UnsafePointer<Float>,
    epilogue: ConvolutionEpilogue, output: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>,
    pool: ComputePool
  ) {
    if let fused {
      return fused.forward(
        ActivationInput(input, layout: .pixels, mask: mask), weight: preparedWeight,
        output: ActivationOutput(output, layout: .pixels, bias: epilogue.bias, rectifies: epilogue.rectifies),
        scratch: scratch, pool: pool)
    }
    switch algorithm {
    case .im2col, .fused:
      Im2colConvolution.forward(
        input, geometry, packedWeight: preparedWeight, epilogue: epilogue, output: output, scratch: scratch, pool: pool)
    case .direct:
      DirectConvolution.forward(
        input, geometry, packedWeight: preparedWeight, epilogue: epilogue, output: output, scratch: scratch, pool: pool)
    }
  }

  // MARK: Backward to the weight

  /// The ways to the weight's gradient; that of im2col serves every convolution.
  private enum WeightGradient {
    case fused(FusedConvolution)
    case narrow(NarrowWeightGradient)
    case im2col
  }

  private var weightGradient: WeightGradient {
    if let fused, fused.hasWeightGradient { return .fused(fused) }
    if algorithm == .direct && NarrowWeightGradient.supports(geometry) {
      return .narrow(NarrowWeightGradient(geometry))
    }
    return .im2col
  }

  /// Floats of scratch that ``backwardWeight(_:dOutput:dWeight:scratch:pool:)`` needs on a pool of `threads`.
  public func backwardWeightScratchCount(threads: Int) -> Int {
    switch weightGradient {
    case .fused(let convolution): convolution.backwardWeightScratchCount(threads: threads)
    case .narrow(let gradient): gradient.scratchCount
    case .im2col: Im2colConvolution.backwardWeightScratchCount(geometry)
    }
  }

  /// Adds the gradient of the weight to `dWeight`, `[O, I, k, k]`.
  public func backwardWeight(
    _ input: UnsafePointer<Float>, dOutput: UnsafePointer<Float>, dWeight: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    switch weightGradient {
    case .fused(let convolution):
      convolution.backwardWeight(
        ActivationInput(input, layout: .pixels), dOutput: ActivationInput(dOutput, layout: .pixels), dWeight: dWeight,
        scratch: scratch, pool: pool)
    case .narrow(let gradient):
      gradient.run(input, dOutput: dOutput, dWeight: dWeight, scratch: scratch, pool: pool)
    case .im2col:
      Im2colConvolution.backwardWeight(
        input, dOutput: dOutput, geometry, dWeight: dWeight, scratch: scratch, pool: pool)
    }
  }

  /// Adds the gradient of the bias, `dBias[o] += Σ dOutput[…, o]`.
  public func backwardBias(_ dOutput: UnsafePointer<Float>, dBias: UnsafeMutablePointer<Float>, pool: ComputePool) {
    Reduction.addChannelSums(
      dOutput, pixels: geometry.batch * geometry.outputPixels, channels: geometry.outputChannels, to: dBias, pool: pool)
  }
}
