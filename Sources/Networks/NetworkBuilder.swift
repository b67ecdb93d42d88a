/// Builds a list of nodes, in which each node reads the previous one by default.
struct NetworkBuilder {
  private(set) var nodes: [Node] = [Node(operation: .input, inputs: [])]

  /// The index of the last node.
  var last: Int { nodes.count - 1 }

  mutating func append(_ operation: Operation, name: String = "", inputs: [Int]? = nil) {
    let inputs = inputs ?? [last]
    nodes.append(Node(name: name, operation: operation, inputs: inputs))
  }

  mutating func convolution(
    _ name: String, from inputChannels: Int, to outputChannels: Int, kernel: Int, stride: Int = 1
  ) {
    append(
      .convolution(
        inputChannels: inputChannels, outputChannels: outputChannels, kernel: kernel, stride: stride, padding: .reflect),
      name: name)
  }

  mutating func instanceNorm(_ name: String, channels: Int) {
    append(.instanceNorm(channels: channels), name: name)
  }

  /// Appends a convolution with a separate kernel for each channel.
  mutating func depthwiseConvolution(_ name: String, channels: Int, kernel: Int, stride: Int = 1) {
    append(.depthwiseConvolution(channels: channels, kernel: kernel, stride: stride, padding: .reflect), name: name)
  }
}
