import Kernels
import Tensors
import Threading

/// A convolution's weight in the layouts that its kernels read.
///
/// Prepare a weight once if it stays the same for many steps.
package final class PreparedConvolution {
  /// The forward kernel.
  package let forward: Convolution2D
  let weight: Tensor
  /// The kernel of the input gradient and the weight in its layout; nil unless the initializer prepared them.
  let backward: (kernel: ConvolutionInputGradient, weight: Tensor)?

  /// Prepares `weight` for inputs of `geometry`.
  ///
  /// - Parameters:
  ///   - weight: The filters, `[O, I, k, k]`.
  ///   - gradientToInput: Whether to prepare the weight for the input gradient too.
  ///   - precision: The lowest precision that the products with the weight may have.
  package init(
    geometry: ConvolutionGeometry, weight: Tensor, gradientToInput: Bool, precision: ProductPrecision,
    allocator: TensorAllocator, pool: ComputePool
  ) {
    forward = Convolution2D(geometry, precision: precision)
    self.weight = Tensor(Shape([forward.preparedWeightCount]), zeroed: false, allocator: allocator)
    forward.prepareWeight(weight.pointer, into: self.weight.pointer, pool: pool)
    guard gradientToInput else {
      backward = nil
      return
    }
    let kernel = ConvolutionInputGradient(geometry, precision: precision)
    let kernelWeight = Tensor(Shape([kernel.preparedWeightCount]), zeroed: false, allocator: allocator)
    kernel.prepareWeight(weight.pointer, into: kernelWeight.pointer, pool: pool)
    backward = (kernel, kernelWeight)
  }

  /// Returns the geometry of a convolution of an input `[N, H, W, I]` with a weight `[O, I, k, k]`.
  ///
  /// - Parameter upsampling: 2 doubles the size of the input (nearest neighbour) before the convolution.
  package static func geometry(
    input: Shape, weight: Shape, stride: Int, padding: Int, paddingMode: PaddingMode, upsampling: Int = 1
  ) -> ConvolutionGeometry {
    ConvolutionGeometry(
      batch: input.batch, height: input.height, width: input.width, inputChannels: input.channels,
      outputChannels: weight.dimensions[0], kernel: weight.dimensions[2], stride: stride, padding: padding,
      paddingMode: paddingMode, upsampling: upsampling)
  }
}
