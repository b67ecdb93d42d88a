/// A convolution's weight as a model has it, `[O, I, k, k]`: what kernels pack from. The caller owns the memory.
public struct FilterWeight: @unchecked Sendable {
  /// The values.
  public let values: UnsafePointer<Float>
  /// `O`.
  public let outputChannels: Int
  /// `I`.
  public let inputChannels: Int
  /// `k`.
  public let kernel: Int
  /// `[O]`, or nil for zeros: of a layer that another follows in the same kernel. The last layer's is the output's, see
  /// ``ActivationOutput/bias``.
  public let bias: UnsafePointer<Float>?

  /// A weight.
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

  /// A weight of as many channels as `geometry` has.
  init(_ values: UnsafePointer<Float>, _ geometry: ConvolutionGeometry) {
    self.init(
      values, outputChannels: geometry.outputChannels, inputChannels: geometry.inputChannels, kernel: geometry.kernel)
  }

  /// The `k·k` taps between two channels.
  @inline(__always)
  func taps(output: Int, input: Int) -> UnsafePointer<Float> {
    values + (output * inputChannels + input) * kernel * kernel
  }
}
