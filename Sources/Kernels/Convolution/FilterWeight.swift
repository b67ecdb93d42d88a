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

  /// A weight.
  public init(_ values: UnsafePointer<Float>, outputChannels: Int, inputChannels: Int, kernel: Int) {
    self.values = values
    self.outputChannels = outputChannels
    self.inputChannels = inputChannels
    self.kernel = kernel
  }

  /// The `k·k` taps between two channels.
  @inline(__always)
  func taps(output: Int, input: Int) -> UnsafePointer<Float> {
    values + (output * inputChannels + input) * kernel * kernel
  }
}
