import Threading

/// The gradient of a convolution's input.
///
/// For stride 1 it is a convolution itself: of the output's gradient, continued with zeros, with the kernel rotated by
/// 180° and its channels exchanged. This form gathers instead of scattering, and can use the fast algorithms. With zero
/// padding it gives the gradient of the stored input directly. With reflection it gives that of the padded input, which
/// is then folded at the borders. After upsampling the gradient uses ``UpsampleInputGradient``, and for other strides
/// ``Im2colConvolution``.
package struct ConvolutionInputGradient: Sendable {
  private enum Way {
    case transposed(Convolution2D)
    case upsample(UpsampleInputGradient)
    case im2col(Im2colConvolution)
  }

  /// The dimensions of the forward convolution.
  package let geometry: ConvolutionGeometry
  private let way: Way
  /// Folds the gradient of the padded input to that of the stored one; nil if they are the same.
  private let fold: PaddingFold?

  /// Creates the gradient of the convolution `geometry`.
  ///
  /// - Parameter precision: The lowest precision that the products may have.
  package init(_ geometry: ConvolutionGeometry, precision: ProductPrecision = .float32) {
    self.geometry = geometry
    if FusedAlgorithm.upsample.supports(geometry) {
      let gradient = UpsampleInputGradient(geometry)
      way = .upsample(gradient)
      fold = gradient.margin > 0 ? PaddingFold(geometry, margin: gradient.margin) : nil
    } else if geometry.stride == 1 {
      let isDirect =
        geometry.paddingMode == .zeros && geometry.upsampling == 1 && geometry.padding < geometry.kernel
      way = .transposed(
        Convolution2D(
          ConvolutionGeometry(
            batch: geometry.batch, height: geometry.outputHeight, width: geometry.outputWidth,
            inputChannels: geometry.outputChannels, outputChannels: geometry.inputChannels, kernel: geometry.kernel,
            padding: geometry.kernel - 1 - (isDirect ? geometry.padding : 0), paddingMode: .zeros),
          precision: precision))
      fold = isDirect ? nil : PaddingFold(geometry)
    } else {
      way = .im2col(Im2colConvolution(geometry))
      fold = nil
    }
  }

  /// Names the layout of a prepared weight. Geometries with the same channels, kernel and layout share it.
  package var weightLayout: ObjectIdentifier {
    switch way {
    case .transposed(let convolution): convolution.weightLayout
    case .upsample: ObjectIdentifier(UpsampleInputGradient.self)
    case .im2col: ObjectIdentifier(Im2colConvolution.self)
    }
  }

  /// The number of floats of a prepared weight.
  package var preparedWeightCount: Int {
    switch way {
    case .transposed(let convolution): convolution.preparedWeightCount
    case .upsample(let gradient): gradient.packedWeightCount
    case .im2col(let convolution): convolution.packedWeightCount
    }
  }

  /// Packs the forward weight `[O, I, k, k]` for the gradient.
  package func prepareWeight(
    _ weight: UnsafePointer<Float>, into prepared: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    switch way {
    case .transposed(let convolution):
      withTurned(weight) { convolution.prepareWeight($0, into: prepared, pool: pool) }
    case .upsample(let gradient): gradient.packWeight(weight, into: prepared)
    case .im2col(let convolution):
      convolution.packWeights([FilterWeight(weight, geometry)], into: prepared, pool: pool)
    }
  }

  /// Calls `body` with the weight as `[I, O, k, k]`, each kernel rotated by 180°.
  private func withTurned(_ weight: UnsafePointer<Float>, _ body: (UnsafePointer<Float>) -> Void) {
    let (inputs, outputs) = (geometry.inputChannels, geometry.outputChannels)
    let taps = geometry.kernel * geometry.kernel
    withUnsafeTemporaryAllocation(of: Float.self, capacity: taps * inputs * outputs) { turned in
      guard let base = turned.baseAddress else { return }
      for output in 0..<outputs {
        for input in 0..<inputs {
          let source = weight + (output * inputs + input) * taps
          let target = base + (input * outputs + output) * taps
          for tap in 0..<taps { target[taps - 1 - tap] = source[tap] }
        }
      }
      body(base)
    }
  }

  /// The number of floats of `N` padded input images if they are needed as an intermediate result.
  private var paddedCount: Int { geometry.batch * (fold?.paddedCount ?? 0) }

  /// Returns the floats of scratch space for ``run(_:mask:preparedWeight:dInput:scratch:pool:)`` on a pool of
  /// `threads`.
  package func scratchCount(threads: Int) -> Int {
    switch way {
    case .transposed(let convolution): paddedCount + convolution.forwardScratchCount(threads: threads)
    case .upsample(let gradient): paddedCount + gradient.scratchCount(threads: threads)
    case .im2col(let convolution): convolution.backwardInputScratchCount(threads: threads)
    }
  }

  /// Whether the output's gradient may have a mask.
  package var readsMask: Bool {
    switch way {
    case .transposed(let convolution): convolution.readsMask
    case .upsample: true
    case .im2col: false
    }
  }

  /// Writes the gradient to `dInput`, `[N, H, W, I]`. With `mask`, the output of a ReLU after the convolution,
  /// `dOutput` counts only where the mask is positive. A mask requires ``readsMask``.
  package func run(
    _ dOutput: UnsafePointer<Float>, mask: UnsafePointer<Float>? = nil, preparedWeight: UnsafePointer<Float>,
    dInput: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let target = fold == nil ? dInput : scratch
    switch way {
    case .transposed(let convolution):
      convolution.forward(
        dOutput, mask: mask, preparedWeight: preparedWeight, epilogue: .none, output: target,
        scratch: scratch + paddedCount, pool: pool)
    case .upsample(let gradient):
      gradient.run(
        ActivationInput(dOutput, layout: .pixels, mask: mask), weight: preparedWeight, into: target,
        scratch: scratch + paddedCount, pool: pool)
    case .im2col(let convolution):
      convolution.backwardInput(dOutput, weight: preparedWeight, dInput: dInput, scratch: scratch, pool: pool)
    }
    fold?.run(scratch, into: dInput, pool: pool)
  }
}
