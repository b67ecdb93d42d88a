import Kernels
import Threading

/// A convolution with its own memory and random values that can run repeatedly.
///
/// Every kernel of the same kind on the same geometry receives the same input, weight and bias, in its own layout. As
/// in a network, the kernel adds the bias, and applies ReLU unless the output is a picture.
public final class ConvolutionRun {
  /// The dimensions of the convolution.
  public let geometry: ConvolutionGeometry
  /// The kernel that computes it.
  public let kernel: LayerKernel
  private let run: () -> Void
  /// Returns the output, `[Ho·Wo, O]`.
  private let output: () -> FloatBuffer

  /// Creates the input and packs the weight for `kernel`, which must support `geometry`, of one image.
  public init(_ geometry: ConvolutionGeometry, kernel: LayerKernel, pool: ComputePool) {
    precondition(geometry.batch == 1 && kernel.supports(geometry), "\(kernel) does not compute \(geometry.text)")
    self.geometry = geometry
    self.kernel = kernel
    let operands = Operands(geometry, kernel.kind)
    let stored = kernel.stored(geometry)
    (run, output) =
      switch kernel {
      case .im2col: Self.im2col(geometry, operands, pool)
      case .fused(let algorithm): Self.between(algorithm.kernel(for: stored), operands, pool)
      case .depthwise(let algorithm): Self.between(algorithm.kernel(for: stored), operands, pool)
      case .separable(let algorithm): Self.between(algorithm.kernel(for: stored), operands, pool)
      case .fromPicture(let algorithm): Self.fromPicture(algorithm.kernel(for: stored), operands, pool)
      case .toPicture(let algorithm): Self.toPicture(algorithm.kernel(for: stored), operands, pool)
      }
  }

  /// Computes the output once.
  public func callAsFunction() { run() }

  /// Returns the maximum difference between the outputs of both, divided by the maximum output. Both must have run.
  public func difference(from other: ConvolutionRun) -> Double {
    let (a, b) = (output(), other.output())
    var (largest, range): (Float, Float) = (0, 0)
    for index in 0..<min(a.count, b.count) {
      largest = max(largest, abs(a.pointer[index] - b.pointer[index]))
      range = max(range, abs(b.pointer[index]))
    }
    return Double(largest / max(range, .leastNormalMagnitude))
  }

  // MARK: Operands

  /// The layer's values, with its own channels.
  private struct Operands {
    let geometry: ConvolutionGeometry
    /// The input, `[H·W, I]`.
    let input: FloatBuffer
    /// The weight of each layer that the kernel computes, `[O, I, k, k]`.
    let weights: [FloatBuffer]
    private let kind: LayerKernel.Kind
    /// The bias of the depthwise convolution before a 1×1 convolution, `[I]`.
    private let middleBias: FloatBuffer
    /// The bias, `[O]`, padded with zeros to whole vectors.
    let bias: FloatBuffer
    let appliesReLU: Bool

    init(_ geometry: ConvolutionGeometry, _ kind: LayerKernel.Kind) {
      let (inputs, outputs) = (geometry.inputChannels, geometry.outputChannels)
      let taps = geometry.kernel * geometry.kernel
      self.geometry = geometry
      self.kind = kind
      input = FloatBuffer(count: geometry.height * geometry.width * inputs, seed: 1, isPicture: inputs == 3)
      weights =
        switch kind {
        case .dense: [FloatBuffer(count: outputs * inputs * taps, seed: 2)]
        case .depthwise: [FloatBuffer(count: inputs * taps, seed: 2)]
        case .separable: [FloatBuffer(count: inputs * taps, seed: 2), FloatBuffer(count: outputs * inputs, seed: 4)]
        }
      middleBias = FloatBuffer(count: inputs, seed: 5)
      bias = FloatBuffer(count: outputs, seed: 3, storedCount: ActivationLayout.storedChannels(outputs))
      appliesReLU = outputs != 3
    }

    /// Returns the weights packed for `kernel`.
    func packed(for kernel: any ConvolutionKernel) -> FloatBuffer {
      let packed = FloatBuffer(count: kernel.packedWeightCount)
      let (inputs, outputs) = (geometry.inputChannels, geometry.outputChannels)
      withExtendedLifetime(self) {
        let first = FilterWeight(
          weights[0].pointer, outputChannels: kind == .dense ? outputs : inputs,
          inputChannels: kind == .dense ? inputs : 1, kernel: geometry.kernel,
          bias: kind == .separable ? middleBias.pointer : nil)
        let others = weights.dropFirst().map {
          FilterWeight($0.pointer, outputChannels: outputs, inputChannels: inputs, kernel: 1)
        }
        kernel.packWeights([first] + others, into: packed.pointer, pool: nil)
      }
      return packed
    }

    /// The input in the layout of activations, `[I/8, H·W, 8]`.
    var blocks: FloatBuffer {
      input.inBlocks(pixels: geometry.height * geometry.width, channels: geometry.inputChannels)
    }

    /// Returns the output of activations as `[H·W, O]`.
    func pixels(of blocks: FloatBuffer) -> FloatBuffer {
      blocks.fromBlocks(pixels: geometry.outputPixels, channels: geometry.outputChannels)
    }
  }

  // MARK: Kernels

  private typealias Work = (run: () -> Void, output: () -> FloatBuffer)

  private static func im2col(_ geometry: ConvolutionGeometry, _ operands: Operands, _ pool: ComputePool) -> Work {
    let convolution = Convolution2D(geometry, algorithm: .im2col)
    let weight = FloatBuffer(count: convolution.preparedWeightCount)
    convolution.prepareWeight(operands.weights[0].pointer, into: weight.pointer, pool: pool)
    let scratch = FloatBuffer(count: convolution.forwardScratchCount(threads: pool.threadCount))
    let output = FloatBuffer(count: geometry.outputPixels * geometry.outputChannels)
    let run = {
      convolution.forward(
        operands.input.pointer, preparedWeight: weight.pointer,
        epilogue: ConvolutionEpilogue(bias: UnsafePointer(operands.bias.pointer), appliesReLU: operands.appliesReLU),
        output: output.pointer, scratch: scratch.pointer, pool: pool)
    }
    return (run, { output })
  }

  private static func between(
    _ kernel: any ConvolutionKernel<ActivationInput, ActivationOutput>, _ operands: Operands, _ pool: ComputePool
  ) -> Work {
    let (weight, input) = (operands.packed(for: kernel), operands.blocks)
    let scratch = FloatBuffer(count: kernel.scratchCount(threads: pool.threadCount))
    let output = FloatBuffer(count: kernel.geometry.outputPixels * kernel.geometry.outputChannels)
    let run = {
      kernel.forward(
        ActivationInput(input.pointer), weight: weight.pointer,
        output: ActivationOutput(output.pointer, bias: operands.bias.pointer, appliesReLU: operands.appliesReLU),
        scratch: scratch.pointer, pool: pool)
    }
    return (run, { operands.pixels(of: output) })
  }

  private static func fromPicture(
    _ kernel: any ConvolutionKernel<PictureReader, ActivationOutput>, _ operands: Operands, _ pool: ComputePool
  ) -> Work {
    let (weight, geometry) = (operands.packed(for: kernel), kernel.geometry)
    let picture = (0..<operands.input.count).map { UInt8(operands.input.pointer[$0]) }
    let map = PictureMap(geometry, width: geometry.width, height: geometry.height)
    let scratch = FloatBuffer(count: kernel.scratchCount(threads: pool.threadCount))
    let output = FloatBuffer(count: geometry.outputPixels * geometry.outputChannels)
    func forward(_ bytes: UnsafePointer<UInt8>) {
      kernel.forward(
        PictureReader(picture: PictureInput(.bytes(bytes, stride: 3 * geometry.width)), map: map),
        weight: weight.pointer,
        output: ActivationOutput(output.pointer, bias: operands.bias.pointer, appliesReLU: operands.appliesReLU),
        scratch: scratch.pointer, pool: pool)
    }
    return ({ forward(picture) }, { operands.pixels(of: output) })
  }

  private static func toPicture(
    _ kernel: any ConvolutionKernel<ActivationInput, PictureOutput>, _ operands: Operands, _ pool: ComputePool
  ) -> Work {
    let (weight, input, geometry) = (operands.packed(for: kernel), operands.blocks, kernel.geometry)
    let scratch = FloatBuffer(count: kernel.scratchCount(threads: pool.threadCount))
    let output = FloatBuffer(count: geometry.outputPixels * 3)
    // The picture is made in the closure, which keeps the bias.
    let run = {
      let picture = PictureOutput(
        .floats(output.pointer, stride: 3 * geometry.outputWidth), width: geometry.outputWidth,
        height: geometry.outputHeight, bias: operands.bias.pointer)
      kernel.forward(
        ActivationInput(input.pointer), weight: weight.pointer, output: picture, scratch: scratch.pointer, pool: pool)
    }
    return (run, { output })
  }
}
