import Threading

/// The ways to compute a convolution in training, on whole pixels.
public enum ConvolutionAlgorithm: String, Sendable, CaseIterable {
  /// Matrix products of OpenBLAS on gathered patches: any kernel, stride and padding.
  case im2col
  /// The preferred ``FusedAlgorithm``: channels in multiples of 8.
  case fused
  /// For each output, the products one after another: any kernel, stride and padding; best with few channels on one side.
  case direct

  /// The kernel for `geometry`.
  private func kernelType(for geometry: ConvolutionGeometry) -> any ConvolutionKernel<
    ActivationInput, ActivationOutput
  >.Type {
    switch self {
    case .im2col: Im2colConvolution.self
    case .fused: FusedAlgorithm.preferred(for: geometry).kernel
    case .direct: DirectConvolution.self
    }
  }

  /// Whether the algorithm computes `geometry`.
  public func supports(_ geometry: ConvolutionGeometry) -> Bool { kernelType(for: geometry).supports(geometry) }

  /// The kernel for `geometry`, which the algorithm must support.
  fileprivate func kernel(for geometry: ConvolutionGeometry) -> any ConvolutionKernel<ActivationInput, ActivationOutput>
  {
    precondition(supports(geometry), "\(self) does not compute this convolution")
    return kernelType(for: geometry).init(geometry)
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
  private let kernel: any ConvolutionKernel<ActivationInput, ActivationOutput>
  /// The kernel itself where it knows its weight's gradient; else that of im2col, which serves every convolution, or a better one.
  private let weightGradient: any WeightGradientKernel

  /// A convolution of `geometry` by `algorithm`, or by the preferred one; `algorithm` must support `geometry`.
  public init(_ geometry: ConvolutionGeometry, algorithm: ConvolutionAlgorithm? = nil) {
    self.geometry = geometry
    self.algorithm = algorithm ?? .preferred(for: geometry)
    kernel = self.algorithm.kernel(for: geometry)
    if let kernel = kernel as? any WeightGradientKernel {
      weightGradient = kernel
    } else if self.algorithm == .direct && NarrowWeightGradient.supports(geometry) {
      weightGradient = NarrowWeightGradient(geometry)
    } else {
      weightGradient = Im2colConvolution(geometry)
    }
  }

  /// Floats of a prepared weight.
  public var preparedWeightCount: Int { kernel.packedWeightCount }

  /// Writes `weight`, `[O, I, k, k]`, in the form that ``forward(_:mask:preparedWeight:epilogue:output:scratch:pool:)`` reads.
  public func prepareWeight(
    _ weight: UnsafePointer<Float>, into prepared: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    kernel.packWeights([FilterWeight(weight, geometry)], into: prepared, pool: pool)
  }

  /// Floats of scratch that ``forward(_:mask:preparedWeight:epilogue:output:scratch:pool:)`` needs on a pool of `threads`.
  public func forwardScratchCount(threads: Int) -> Int { kernel.scratchCount(threads: threads) }

  /// Whether the input may come with a mask.
  public var readsMask: Bool { algorithm == .fused }

  /// Computes `output` from `input`; the two must not overlap. With `mask`, of the input's shape, the input counts only where that is
  /// positive; only where ``readsMask``.
  public func forward(
    _ input: UnsafePointer<Float>, mask: UnsafePointer<Float>? = nil, preparedWeight: UnsafePointer<Float>,
    epilogue: ConvolutionEpilogue, output: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>,
    pool: ComputePool
  ) {
    kernel.forward(
      ActivationInput(input, layout: .pixels, mask: mask), weight: preparedWeight,
      output: ActivationOutput(output, layout: .pixels, bias: epilogue.bias, rectifies: epilogue.rectifies),
      scratch: scratch, pool: pool)
  }

  // MARK: Backward

  /// Floats of scratch that ``backwardWeight(_:dOutput:dWeight:scratch:pool:)`` needs on a pool of `threads`.
  public func backwardWeightScratchCount(threads: Int) -> Int {
    weightGradient.backwardWeightScratchCount(threads: threads)
  }

  /// Adds the gradient of the weight to `dWeight`, `[O, I, k, k]`.
  public func backwardWeight(
    _ input: UnsafePointer<Float>, dOutput: UnsafePointer<Float>, dWeight: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    weightGradient.backwardWeight(
      ActivationInput(input, layout: .pixels), dOutput: ActivationInput(dOutput, layout: .pixels), dWeight: dWeight,
      scratch: scratch, pool: pool)
  }

  /// Adds the gradient of the bias, `dBias[o] += Σ dOutput[…, o]`.
  public func backwardBias(_ dOutput: UnsafePointer<Float>, dBias: UnsafeMutablePointer<Float>, pool: ComputePool) {
    Reduction.addChannelSums(
      dOutput, pixels: geometry.batch * geometry.outputPixels, channels: geometry.outputChannels, to: dBias, pool: pool)
  }
}
