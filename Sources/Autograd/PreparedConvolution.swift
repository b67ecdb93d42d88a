import Kernels
import Tensors

/// A convolution's weight in the forms that its kernels read, for weights that do not change from step to step.
public final class PreparedConvolution {
  /// The forward kernel.
  public let forward: Convolution2D
  let weight: Tensor
  let toInput: ConvolutionInputGradient?
  let turnedWeight: Tensor?

  /// Prepares `weight`, `[O, I, k, k]`, for inputs of `geometry`; for the way back to the input too if asked to.
  public init(geometry: ConvolutionGeometry, weight: Tensor, gradientToInput: Bool, allocator: TensorAllocator) {
    forward = Convolution2D(geometry)
    self.weight = Tensor(Shape([forward.preparedWeightCount]), zeroed: false, allocator: allocator)
    forward.prepareWeight(weight.pointer, into: self.weight.pointer)
    guard gradientToInput else {
      toInput = nil
      turnedWeight = nil
      return
    }
    let toInput = ConvolutionInputGradient(geometry)
    let turned = Tensor(Shape([toInput.preparedWeightCount]), zeroed: false, allocator: allocator)
    toInput.prepareWeight(weight.pointer, into: turned.pointer)
    self.toInput = toInput
    turnedWeight = turned
  }

  /// The geometry for an input `[N, H, W, I]` and a weight `[O, I, k, k]`.
  public static func geometry(
    input: Shape, weight: Shape, stride: Int, padding: Int, paddingMode: PaddingMode
  ) -> ConvolutionGeometry {
    ConvolutionGeometry(
      batch: input.batch, height: input.height, width: input.width, inputChannels: input.channels,
      outputChannels: weight.dimensions[0], kernel: weight.dimensions[2], stride: stride, padding: padding,
      paddingMode: paddingMode)
  }
}
