import Networks

/// Small networks whose plans use every convolution kernel at least once.
public enum KernelNetworks {
  /// The size of the pictures. It leaves incomplete tiles, and maps on which F(4×4) is faster than F(6×6).
  public static let (width, height) = (64, 32)

  /// The networks.
  public static let all: [NetworkDefinition] = [
    network(
      "every kernel between activations, large ones at both ends",
      [
        convolution(3, 16, kernel: 9), convolution(16, 16), convolution(16, 32, stride: 2), depthwise(32),
        depthwise(32, kernel: 5), depthwise(32, stride: 2), convolution(32, 32, kernel: 1), convolution(32, 32),
        .upsampleNearest, convolution(32, 32), .upsampleNearest, depthwise(32), convolution(32, 16, stride: 2),
        .upsampleNearest, convolution(16, 16), convolution(16, 3, kernel: 9),
      ]),
    network("small kernels at both ends", [convolution(3, 8), convolution(8, 3)]),
    network("upsampling at the end", [convolution(3, 16, stride: 2), .upsampleNearest, convolution(16, 3)]),
  ]

  /// Returns a network of consecutive `operations`.
  private static func network(_ name: String, _ operations: [Operation]) -> NetworkDefinition {
    NetworkDefinition(
      name: name,
      nodes: [Node(operation: .input, inputs: [])]
        + operations.enumerated().map { Node(name: "layer\($0)", operation: $1, inputs: [$0]) })
  }

  private static func convolution(_ inputs: Int, _ outputs: Int, kernel: Int = 3, stride: Int = 1) -> Operation {
    .convolution(inputChannels: inputs, outputChannels: outputs, kernel: kernel, stride: stride, padding: .reflect)
  }

  private static func depthwise(_ channels: Int, kernel: Int = 3, stride: Int = 1) -> Operation {
    .depthwiseConvolution(channels: channels, kernel: kernel, stride: stride, padding: .reflect)
  }
}
