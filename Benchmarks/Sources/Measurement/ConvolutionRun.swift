import Kernels
import Threading

/// One convolution with memory and random numbers of its own, ready to be run again and again.
///
/// Input, weight and bias are the same numbers for every kernel on the same geometry, in the layout that it reads. As in a network,
/// the bias is added on the way, and ReLU applied where the output is no picture.
public final class ConvolutionRun {
  /// What is computed.
  public let geometry: ConvolutionGeometry
  /// How.
  public let kernel: LayerKernel
  private let pool: ComputePool
  private let run: () -> Void
  /// `[Ho·Wo, O]`.
  private let output: () -> FloatBuffer

  /// Makes the input and packs the weight for `kernel`, which must support `geometry`, of one image.
  public init(_ geometry: ConvolutionGeometry, kernel: LayerKernel, pool: ComputePool) {
    precondition(geometry.batch == 1 && kernel.supports(geometry), "\(kernel) does not compute \(geometry.text)")
    self.geometry = geometry
    self.kernel = kernel
    self.pool = pool
    let operands = Operands(geometry)
    (run, output) =
      switch kernel {
      case .im2col: Self.im2col(geometry, operands, pool)
      case .fromPicture: Self.fromPicture(geometry, operands, pool)
      case .toPicture: Self.toPicture(geometry, operands, pool)
      case .fused(let algorithm): Self.fused(geometry, algorithm, operands, pool)
      }
  }

  /// Computes the output once.
  public func callAsFunction() { run() }

  /// The largest difference of the outputs that both have computed, divided by the largest output.
  public func difference(from other: ConvolutionRun) -> Double {
    let (a, b) = (output(), other.output())
    var (largest, range): (Float, Float) = (0, 0)
    for index in 0..<min(a.count, b.count) {
      largest = max(largest, abs(a.pointer[index] - b.pointer[index]))
      range = max(range, abs(b.pointer[index]))
    }
    return Double(largest / max(range, .leastNormalMagnitude))
  }

  // MARK: Kernels

  private struct Operands {
    /// `[H·W, I]`.
    let input: FloatBuffer
    /// `[O, I, k, k]`.
    let weight: FloatBuffer
    /// `[O]`, and zeros up to whole vectors.
    let bias: FloatBuffer
    let rectifies: Bool

    init(_ geometry: ConvolutionGeometry) {
      let (inputs, outputs) = (geometry.inputChannels, geometry.outputChannels)
      input = FloatBuffer(count: geometry.height * geometry.width * inputs, seed: 1, isPicture: inputs == 3)
      weight = FloatBuffer(count: outputs * inputs * geometry.kernel * geometry.kernel, seed: 2)
      bias = FloatBuffer(count: outputs, seed: 3, storedCount: (outputs + 7) / 8 * 8)
      rectifies = outputs != 3
    }

    /// `count` floats that `pack` makes of the weight.
    func packedWeight(
      _ geometry: ConvolutionGeometry, count: Int, _ pack: (FilterWeight, UnsafeMutablePointer<Float>) -> Void
    ) -> FloatBuffer {
      let packed = FloatBuffer(count: count)
      withExtendedLifetime(weight) {
        pack(
          FilterWeight(
            weight.pointer, outputChannels: geometry.outputChannels, inputChannels: geometry.inputChannels,
            kernel: geometry.kernel),
          packed.pointer)
      }
      return packed
    }
  }

  private typealias Work = (run: () -> Void, output: () -> FloatBuffer)

  private static func im2col(_ geometry: ConvolutionGeometry, _ operands: Operands, _ pool: ComputePool) -> Work {
    let convolution = Convolution2D(geometry, algorithm: .im2col)
    let weight = operands.packedWeight(geometry, count: convolution.preparedWeightCount) {
      convolution.prepareWeight($0.values, into: $1, pool: pool)
    }
    let scratch = FloatBuffer(count: convolution.forwardScratchCount(threads: pool.threadCount))
    let output = FloatBuffer(count: geometry.outputPixels * geometry.outputChannels)
    let run = {
      convolution.forward(
        operands.input.pointer, preparedWeight: weight.pointer,
        epilogue: ConvolutionEpilogue(bias: UnsafePointer(operands.bias.pointer), rectifies: operands.rectifies),
        output: output.pointer, scratch: scratch.pointer, pool: pool)
    }
    return (run, { output })
  }

  private static func fused(
    _ geometry: ConvolutionGeometry, _ algorithm: FusedAlgorithm, _ operands: Operands, _ pool: ComputePool
  ) -> Work {
    let stored = LayerKernel.fused(algorithm).stored(geometry)
    let convolution = FusedConvolution(stored, algorithm: algorithm)
    let weight = operands.packedWeight(geometry, count: convolution.packedWeightCount) {
      convolution.packWeight($0, into: $1)
    }
    let input = operands.input.inBlocks(pixels: geometry.height * geometry.width, channels: geometry.inputChannels)
    let scratch = FloatBuffer(count: convolution.scratchCount(threads: pool.threadCount))
    let output = FloatBuffer(count: stored.outputPixels * stored.outputChannels)
    let run = {
      convolution.forward(
        ActivationInput(input.pointer), weight: weight.pointer,
        output: ActivationOutput(output.pointer, bias: operands.bias.pointer, rectifies: operands.rectifies),
        scratch: scratch.pointer, pool: pool)
    }
    return (run, { output.fromBlocks(pixels: geometry.outputPixels, channels: geometry.outputChannels) })
  }

  private static func fromPicture(_ geometry: ConvolutionGeometry, _ operands: Operands, _ pool: ComputePool) -> Work {
    let stored = LayerKernel.fromPicture.stored(geometry)
    let convolution = FusedPictureConvolution(stored)
    let weight = operands.packedWeight(geometry, count: convolution.packedWeightCount) {
      convolution.packWeight($0, into: $1)
    }
    let picture = (0..<operands.input.count).map { UInt8(operands.input.pointer[$0]) }
    let map = PictureMap(stored, width: geometry.width, height: geometry.height)
    let scratch = FloatBuffer(count: convolution.scratchCount(threads: pool.threadCount))
    let output = FloatBuffer(count: stored.outputPixels * stored.outputChannels)
    func forward(_ bytes: UnsafePointer<UInt8>) {
      convolution.forward(
        PictureInput(.bytes(bytes, stride: 3 * geometry.width)), map: map, weight: weight.pointer,
        output: ActivationOutput(output.pointer, bias: operands.bias.pointer, rectifies: operands.rectifies),
        scratch: scratch.pointer, pool: pool)
    }
    return (
      { forward(picture) }, { output.fromBlocks(pixels: geometry.outputPixels, channels: geometry.outputChannels) }
    )
  }

  private static func toPicture(_ geometry: ConvolutionGeometry, _ operands: Operands, _ pool: ComputePool) -> Work {
    let stored = LayerKernel.toPicture.stored(geometry)
    let weight = operands.packedWeight(geometry, count: FusedConvolutionToPicture.packedWeightCount(stored)) {
      FusedConvolutionToPicture.packWeight($0, stored, into: $1)
    }
    let input = operands.input.inBlocks(pixels: geometry.height * geometry.width, channels: geometry.inputChannels)
    let scratch = FloatBuffer(count: FusedConvolutionToPicture.scratchCount(stored, threads: pool.threadCount))
    let output = FloatBuffer(count: geometry.outputPixels * 3)
    let picture = PictureOutput(
      .floats(output.pointer, stride: 3 * geometry.outputWidth), width: geometry.outputWidth,
      height: geometry.outputHeight)
    let run = {
      FusedConvolutionToPicture.forward(
        ActivationInput(input.pointer), stored, weight: weight.pointer, bias: operands.bias.pointer,
        scaling: PictureScaling(tanh: nil), picture: picture, scratch: scratch.pointer, pool: pool)
    }
    return (run, { output })
  }
}
