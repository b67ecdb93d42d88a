/// The weight of a convolution in a model, `[O, I, k, k]`, from which kernels pack theirs. The caller owns the memory.
public struct FilterWeight: @unchecked Sendable {
  /// The values.
  package let values: UnsafePointer<Float>
  /// `O`.
  package let outputChannels: Int
  /// `I`.
  package let inputChannels: Int
  /// `k`, the side of the kernel.
  package let kernel: Int
  /// The bias `[O]` of a layer that is followed by another in the same kernel, or nil for zeros. The bias of the last
  /// layer is ``ActivationOutput/bias``.
  package let bias: UnsafePointer<Float>?

  /// Creates a weight.
  public init(
    _ values: UnsafePointer<Float>, outputChannels: Int, inputChannels: Int, kernel: Int,
    bias: UnsafePointer<Float>? = nil
  ) {
    self.values = values
    self.outputChannels = outputChannels
    self.inputChannels = inputChannels
    self.kernel = kernel
    self.bias = bias
  }

  /// Creates a weight with the channels of `geometry`.
  init(_ values: UnsafePointer<Float>, _ geometry: ConvolutionGeometry) {
    self.init(
      values, outputChannels: geometry.outputChannels, inputChannels: geometry.inputChannels, kernel: geometry.kernel)
  }

  /// Returns the `k·k` taps between two channels.
  @inline(__always)
  func taps(output: Int, input: Int) -> UnsafePointer<Float> {
    values + (output * inputChannels + input) * kernel * kernel
  }
}
