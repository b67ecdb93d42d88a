import Kernels
import Tensors
import Threading

/// A convolution's weight in the forms that its kernels read, for weights that do not change from step to step.
public final class PreparedConvolution {
  /// The forward kernel.
  public let forward: Convolution2D
  let weight: Tensor
  private let toInput: ConvolutionInputGradient?
  private let turnedWeight: Tensor?

  /// The way back to the input with its weight, where it was asked for.
  var backward: (gradient: ConvolutionInputGradient, weight: Tensor)? {
    guard let toInput, let turnedWeight else { return nil }
    return (toInput, turnedWeight)
  }

  /// Prepares `weight`, `[O, I, k, k]`, for inputs of `geometry`; for the way back to the input too if asked to.
  public init(
    geometry: ConvolutionGeometry, weight: Tensor, gradientToInput: Bool, allocator: TensorAllocator, pool: ComputePool
  ) {
    forward = Convolution2D(geometry)
    self.weight = Tensor(Shape([forward.preparedWeightCount]), zeroed: false, allocator: allocator)
    forward.prepareWeight(weight.pointer, into: self.weight.pointer, pool: pool)
    guard gradientToInput else {
      toInput = nil
      turnedWeight = nil
      return
    }
    let toInput = ConvolutionInputGradient(geometry)
    let turned = Tensor(Shape([toInput.preparedWeightCount]), zeroed: false, allocator: allocator)
    toInput.prepareWeight(weight.pointer, into: turned.pointer, pool: pool)
    self.toInput = toInput
    turnedWeight = turned
  }

  /// The geometry for an input `[N, H, W, I]` and a weight `[O, I, k, k]`; `upsampling` 2 is nearest ×2 in front of the convolution.
  public static func geometry(
    input: Shape, weight: Shape, stride: Int, padding: Int, paddingMode: PaddingMode, upsampling: Int = 1
  ) -> ConvolutionGeometry {
    ConvolutionGeometry(
      batch: input.batch, height: input.height, width: input.width, inputChannels: input.channels,
      outputChannels: weight.dimensions[0], kernel: weight.dimensions[2], stride: stride, padding: padding,
      paddingMode: paddingMode, upsampling: upsampling)
  }
}
