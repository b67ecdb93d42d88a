import Threading

/// The algorithms for convolutions in training, on the layout `[N, H, W, C]`.
public enum ConvolutionAlgorithm: String, Sendable, CaseIterable {
  /// OpenBLAS matrix products of gathered patches. Supports every kernel, stride and padding.
  case im2col
  /// The preferred ``FusedAlgorithm``. Channels must be multiples of 8.
  case fused
  /// Direct convolution. Supports every kernel, stride and padding; fastest with few channels on one side.
  case direct

  /// Returns the kernel's type for `geometry`.
  private func kernelType(for geometry: ConvolutionGeometry, precision: ProductPrecision) -> any ConvolutionKernel<
    ActivationInput, ActivationOutput
  >.Type {
    switch self {
    case .im2col: Im2colConvolution.self
    case .fused: FusedAlgorithm.preferred(for: geometry, precision: precision).kernel
    case .direct: DirectConvolution.self
    }
  }

  /// Whether the algorithm supports `geometry`.
  public func supports(_ geometry: ConvolutionGeometry) -> Bool {
    kernelType(for: geometry, precision: .float32).supports(geometry)
  }

  /// Returns the kernel for `geometry`, which the algorithm must support.
  fileprivate func kernel(
    for geometry: ConvolutionGeometry, precision: ProductPrecision
  ) -> any ConvolutionKernel<ActivationInput, ActivationOutput> {
    precondition(supports(geometry), "\(self) does not compute this convolution")
    return kernelType(for: geometry, precision: precision).init(geometry)
  }

  /// Returns the default algorithm for `geometry`.
  package static func preferred(for geometry: ConvolutionGeometry) -> ConvolutionAlgorithm {
    if ConvolutionAlgorithm.fused.supports(geometry) { return .fused }
    if min(geometry.inputChannels, geometry.outputChannels) < laneCount
      && max(geometry.inputChannels, geometry.outputChannels) >= laneCount
    {
      return .direct
    }
    return .im2col
  }
}

/// A two-dimensional convolution, strictly a cross-correlation, by a chosen algorithm.
///
/// `output[n, y, x, o] = bias[o] + Σ input[n, y·s + i − p, x·s + j − p, c] · weight[o, c, i, j]`, with input
/// `[N, H, W, I]`, output `[N, Ho, Wo, O]` and weight `[O, I, k, k]`. The caller owns the scratch memory.
public struct Convolution2D: Sendable {
  /// The dimensions of the convolution.
  package let geometry: ConvolutionGeometry
  /// The algorithm.
  package let algorithm: ConvolutionAlgorithm
  private let kernel: any ConvolutionKernel<ActivationInput, ActivationOutput>
  /// The algorithm's kernel in single precision if it can compute the gradient of its weight; otherwise im2col, which
  /// supports every convolution, or a faster special kernel.
  private let weightGradient: any WeightGradientKernel

  /// Creates a convolution of `geometry` by `algorithm`, which must support it, or by the preferred algorithm.
  ///
  /// - Parameter precision: The lowest precision that the products of the forward pass may have. The gradients of
  ///   weight and bias have single precision.
  public init(
    _ geometry: ConvolutionGeometry, algorithm: ConvolutionAlgorithm? = nil, precision: ProductPrecision = .float32
  ) {
    self.geometry = geometry
    self.algorithm = algorithm ?? .preferred(for: geometry)
    kernel = self.algorithm.kernel(for: geometry, precision: precision)
    if let kernel = self.algorithm.kernel(for: geometry, precision: .float32) as? any WeightGradientKernel {
      weightGradient = kernel
    } else if self.algorithm == .direct && NarrowWeightGradient.supports(geometry) {
      weightGradient = NarrowWeightGradient(geometry)
    } else {
      weightGradient = Im2colConvolution(geometry)
    }
  }

  /// Names the layout of a prepared weight. Geometries with the same channels, kernel and layout share it.
  package var weightLayout: ObjectIdentifier { ObjectIdentifier(type(of: kernel)) }

  /// The number of floats of a prepared weight.
  public var preparedWeightCount: Int { kernel.packedWeightCount }

  /// Packs `weight`, `[O, I, k, k]`, for ``forward(_:mask:preparedWeight:epilogue:output:scratch:pool:)``.
  public func prepareWeight(
    _ weight: UnsafePointer<Float>, into prepared: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    kernel.packWeights([FilterWeight(weight, geometry)], into: prepared, pool: pool)
  }

  /// Returns the floats of scratch space for ``forward(_:mask:preparedWeight:epilogue:output:scratch:pool:)`` on a pool
  /// of `threads`.
  public func forwardScratchCount(threads: Int) -> Int { kernel.scratchCount(threads: threads) }

  /// Whether the forward pass accepts a mask.
  package var readsMask: Bool { algorithm == .fused }

  /// Computes `output` from `input`; the two must not overlap. With `mask`, of the input's shape, the input counts only
  /// where the mask is positive. A mask requires ``readsMask``.
  public func forward(
    _ input: UnsafePointer<Float>, mask: UnsafePointer<Float>? = nil, preparedWeight: UnsafePointer<Float>,
    epilogue: ConvolutionEpilogue, output: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>,
    pool: ComputePool
  ) {
    kernel.forward(
      ActivationInput(input, layout: .pixels, mask: mask), weight: preparedWeight,
      output: ActivationOutput(output, layout: .pixels, bias: epilogue.bias, appliesReLU: epilogue.appliesReLU),
      scratch: scratch, pool: pool)
  }

  // MARK: Backward

  /// Returns the floats of scratch space for ``backwardWeight(_:dOutput:dWeight:scratch:pool:)`` on a pool of
  /// `threads`.
  package func backwardWeightScratchCount(threads: Int) -> Int {
    weightGradient.backwardWeightScratchCount(threads: threads)
  }

  /// Adds the gradient of the weight to `dWeight`, `[O, I, k, k]`.
  package func backwardWeight(
    _ input: UnsafePointer<Float>, dOutput: UnsafePointer<Float>, dWeight: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    weightGradient.backwardWeight(
      ActivationInput(input, layout: .pixels), dOutput: ActivationInput(dOutput, layout: .pixels), dWeight: dWeight,
      scratch: scratch, pool: pool)
  }

  /// Adds the gradient of the bias: `dBias[o] += Σ dOutput[…, o]`.
  package func backwardBias(_ dOutput: UnsafePointer<Float>, dBias: UnsafeMutablePointer<Float>, pool: ComputePool) {
    Reduction.addChannelSums(
      dOutput, pixels: geometry.batch * geometry.outputPixels, channels: geometry.outputChannels, to: dBias, pool: pool)
  }
}
