import Threading

/// An algorithm for one kind of convolution, set up for one geometry.
///
/// `Input` is ``ActivationInput`` or ``PictureReader``, and `Output` is ``ActivationOutput`` or ``PictureOutput``. A
/// layer calls the kernel through `any` once per frame. The code inside is specialised, which requires that conforming
/// types are not generic: witnesses of generic types are not specialised. The caller owns all memory,
/// ``forward(_:weight:output:scratch:pool:)`` allocates nothing, and results do not depend on the number of threads.
///
/// The tables of kernels are in `ConvolutionAlgorithms.swift`.
public protocol ConvolutionKernel<Input, Output>: Sendable {
  /// The type that the kernel reads.
  associatedtype Input
  /// The type that the kernel writes.
  associatedtype Output

  /// Whether the kernel supports `geometry`.
  static func supports(_ geometry: ConvolutionGeometry) -> Bool

  /// Creates the kernel for `geometry`, which it must support.
  init(_ geometry: ConvolutionGeometry)

  /// The dimensions of the convolution.
  var geometry: ConvolutionGeometry { get }

  /// Whether the kernel can materialize its input as it reads it, see ``ActivationInput/materialized``.
  ///
  /// Each strip stores the pixels that its outputs are the first to cover. It must read all of them, and none may be
  /// left over. Strides above `k − p` skip some pixels, and without padding the last ones belong to no output.
  var materializesInput: Bool { get }

  /// Whether the output can have a residual, see ``ActivationOutput/residual``.
  var addsResidual: Bool { get }

  /// The number of floats of a packed weight.
  var packedWeightCount: Int { get }

  /// Packs the weights of the layers that the kernel computes: one, or two for ``FusedSeparableConvolution``. Runs on
  /// the calling thread, or on `pool` if that is faster. Weights may have fewer channels than the geometry; the others
  /// count as zeros. The result depends on the channels and the kernel of the geometry, not on its size.
  func packWeights(_ weights: [FilterWeight], into packed: UnsafeMutablePointer<Float>, pool: ComputePool?)

  /// Returns the floats of scratch space on a pool of `threads`. Its initial contents must be finite: zeros, or what a
  /// kernel left there.
  func scratchCount(threads: Int) -> Int

  /// The number of tasks whose sums ``Moments`` adds.
  var taskCount: Int { get }

  /// Computes the output, which must not overlap anything that the kernel reads.
  func forward(
    _ input: Input, weight: UnsafePointer<Float>, output: Output, scratch: UnsafeMutablePointer<Float>,
    pool: ComputePool)
}

extension ConvolutionKernel {
  /// False: the kernel does not store its input.
  package var materializesInput: Bool { false }
  /// False: the kernel adds nothing to its output.
  package var addsResidual: Bool { false }
}

/// An algorithm for the gradient of a convolution's weight.
protocol WeightGradientKernel: Sendable {
  /// Returns the floats of scratch space on a pool of `threads`.
  func backwardWeightScratchCount(threads: Int) -> Int

  /// Adds the gradient to `dWeight`, `[O, I, k, k]`, in an order that does not depend on the number of threads.
  func backwardWeight(
    _ input: ActivationInput, dOutput: ActivationInput, dWeight: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool)
}

extension ConvolutionGeometry {
  /// Whether the channels of both sides are multiples of ``laneCount``, as those of activations are.
  var hasWholeVectors: Bool { inputChannels % laneCount == 0 && outputChannels % laneCount == 0 }

  /// Whether this is nearest ×2 upsampling and a 3×3 convolution that keeps the size.
  var isUpsampled3x3: Bool { kernel == 3 && stride == 1 && padding == 1 && upsampling == 2 }

  /// Whether each strip reads the pixels that it stores, see ``ConvolutionKernel/materializesInput``.
  var readsAllPixels: Bool {
    upsampling == 1 && stride <= kernel - padding && outputHeight * stride >= height && outputWidth * stride >= width
  }
}
