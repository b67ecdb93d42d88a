import Threading

/// One way to compute one kind of convolution, made for one geometry.
///
/// `Input` and `Output` are what it reads and writes: ``ActivationInput`` or ``PictureReader``, and ``ActivationOutput`` or
/// ``PictureOutput``. A layer calls it through `any` once a frame; what happens inside is specialised, for which a conforming type
/// must not be generic: the witnesses of generic types are not specialised. Memory belongs to the caller, nothing is allocated in
/// ``forward(_:weight:output:scratch:pool:)``, and results do not depend on the number of threads.
///
/// The tables of kernels are in `ConvolutionAlgorithms.swift`.
public protocol ConvolutionKernel<Input, Output>: Sendable {
  /// What is read.
  associatedtype Input
  /// What is written.
  associatedtype Output

  /// Whether the kernel computes `geometry`.
  static func supports(_ geometry: ConvolutionGeometry) -> Bool

  /// The kernel for `geometry`, which it must support.
  init(_ geometry: ConvolutionGeometry)

  /// The extents.
  var geometry: ConvolutionGeometry { get }

  /// Whether the input can be materialized as it is read, see ``ActivationInput/materialized``.
  ///
  /// Each strip keeps the pixels that its outputs are the first to lie on: it must read them, and no pixel may be left over.
  /// Strides beyond `k − p` skip some, and without padding the last ones belong to no output.
  var materializesInput: Bool { get }

  /// Whether the output can have a residual, see ``ActivationOutput/residual``.
  var addsResidual: Bool { get }

  /// Floats of a packed weight.
  var packedWeightCount: Int { get }

  /// Writes the weights of the layers that the kernel computes, one but for ``FusedSeparableConvolution``, in the form and order in which
  /// it reads them; on the calling thread alone, or on `pool` where that pays. Weights may have fewer channels than the geometry: the
  /// others count as zeros.
  func packWeights(_ weights: [FilterWeight], into packed: UnsafeMutablePointer<Float>, pool: ComputePool?)

  /// Floats of scratch on a pool of `threads`. Its first contents must be finite: zeros, or what a kernel left there.
  func scratchCount(threads: Int) -> Int

  /// The tasks whose sums ``Moments`` adds.
  var taskCount: Int { get }

  /// Computes the output, which overlaps nothing that is read.
  func forward(
    _ input: Input, weight: UnsafePointer<Float>, output: Output, scratch: UnsafeMutablePointer<Float>,
    pool: ComputePool)
}

extension ConvolutionKernel {
  /// No: what is read is not kept.
  public var materializesInput: Bool { false }
  /// No: nothing is added to what is written.
  public var addsResidual: Bool { false }
}

/// A way to compute the gradient of a convolution's weight.
protocol WeightGradientKernel: Sendable {
  /// Floats of scratch on a pool of `threads`.
  func backwardWeightScratchCount(threads: Int) -> Int

  /// Adds the gradient to `dWeight`, `[O, I, k, k]`, in an order that does not depend on the number of threads.
  func backwardWeight(
    _ input: ActivationInput, dOutput: ActivationInput, dWeight: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool)
}

extension ConvolutionGeometry {
  /// Whether both sides have channels in whole vectors, as activations have.
  var hasWholeVectors: Bool { inputChannels % laneCount == 0 && outputChannels % laneCount == 0 }

  /// Whether it is nearest ×2 upsampling and a 3×3 convolution that keeps the size.
  var isUpsampled3x3: Bool { kernel == 3 && stride == 1 && padding == 1 && upsampling == 2 }

  /// Whether the strip that begins on a pixel reads it, for all pixels; see ``ConvolutionKernel/materializesInput``.
  var readsAllPixels: Bool {
    upsampling == 1 && stride <= kernel - padding && outputHeight * stride >= height && outputWidth * stride >= width
  }
}
