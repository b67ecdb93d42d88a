import Kernels
import Synchronization
import Tensors
import Threading

/// A convolution's weight that stays the same for many steps, in the layouts that kernels have asked for.
///
/// A layout depends on the kernel's algorithm, not on the size of its input. So inputs of all sizes share at most a few
/// copies: for Winograd's F(6×6, 3×3) one has 64/9 of the weight's bytes. Several threads can use the same weights.
package final class PreparedWeights: Sendable {
  /// The filters, `[O, I, k, k]`.
  package let weight: Tensor
  private let allocator: TensorAllocator?
  private let forward = Mutex<[ObjectIdentifier: Tensor]>([:])
  private let backward = Mutex<[ObjectIdentifier: Tensor]>([:])

  /// Creates an owner of `weight`, `[O, I, k, k]`, that has prepared nothing yet.
  package init(_ weight: Tensor, allocator: TensorAllocator? = nil) {
    self.weight = weight
    self.allocator = allocator
  }

  fileprivate func prepared(for kernel: Convolution2D, pool: ComputePool) -> Tensor {
    forward.withLock { known in
      if let found = known[kernel.weightLayout] { return found }
      let result = Tensor(Shape([kernel.preparedWeightCount]), zeroed: false, allocator: allocator)
      kernel.prepareWeight(weight.pointer, into: result.pointer, pool: pool)
      known[kernel.weightLayout] = result
      return result
    }
  }

  fileprivate func prepared(for kernel: ConvolutionInputGradient, pool: ComputePool) -> Tensor {
    backward.withLock { known in
      if let found = known[kernel.weightLayout] { return found }
      let result = Tensor(Shape([kernel.preparedWeightCount]), zeroed: false, allocator: allocator)
      kernel.prepareWeight(weight.pointer, into: result.pointer, pool: pool)
      known[kernel.weightLayout] = result
      return result
    }
  }
}

/// The kernels of a convolution for inputs of one geometry, and its weight in their layouts.
package final class PreparedConvolution {
  /// The forward kernel.
  package let forward: Convolution2D
  let weight: Tensor
  /// The kernel of the input gradient and the weight in its layout; nil unless the initializer prepared them.
  let backward: (kernel: ConvolutionInputGradient, weight: Tensor)?

  /// Chooses the kernels for inputs of `geometry` and prepares what `weights` has not prepared for them yet.
  ///
  /// - Parameters:
  ///   - weights: The filters, `[O, I, k, k]`.
  ///   - gradientToInput: Whether to prepare the weight for the input gradient too.
  ///   - precision: The lowest precision that the products with the weight may have.
  package init(
    geometry: ConvolutionGeometry, weights: PreparedWeights, gradientToInput: Bool, precision: ProductPrecision,
    pool: ComputePool
  ) {
    forward = Convolution2D(geometry, precision: precision)
    weight = weights.prepared(for: forward, pool: pool)
    guard gradientToInput else {
      backward = nil
      return
    }
    let kernel = ConvolutionInputGradient(geometry, precision: precision)
    backward = (kernel, weights.prepared(for: kernel, pool: pool))
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
