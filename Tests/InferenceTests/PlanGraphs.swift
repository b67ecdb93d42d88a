import Networks

/// A network of nodes `[name, operation, inputs]` after the input.
func definition(_ name: String, _ nodes: [(String, Networks.Operation, [Int])]) -> NetworkDefinition {
  NetworkDefinition(
    name: name,
    nodes: [Node(operation: .input, inputs: [])] + nodes.map { Node(name: $0.0, operation: $0.1, inputs: $0.2) })
}

func convolution(_ inputs: Int, _ outputs: Int, stride: Int = 1, padding: Networks.Operation.Padding = .reflect)
  -> Networks.Operation
{
  .convolution(inputChannels: inputs, outputChannels: outputs, kernel: 3, stride: stride, padding: padding)
}

func depthwise(_ channels: Int, kernel: Int = 3, stride: Int = 1) -> Networks.Operation {
  .depthwiseConvolution(channels: channels, kernel: kernel, stride: stride, padding: .reflect)
}

func pointwise(_ inputs: Int, _ outputs: Int) -> Networks.Operation {
  .convolution(inputChannels: inputs, outputChannels: outputs, kernel: 1, stride: 1, padding: .reflect)
}

/// Graphs that would reveal an incorrect fusion or reuse of memory. Together they use every operation.
let planGraphs: [NetworkDefinition] = [
  definition(
    "leaky ReLU behind a norm, a convolution and a sum",
    [
      ("a", convolution(3, 8), [0]), ("an", .instanceNorm(channels: 8), [1]), ("", .leakyReLU(slope: 0.2), [2]),
      ("b", convolution(8, 8), [3]), ("", .leakyReLU(slope: 0.01), [4]), ("", .add, [5, 3]),
      ("", .leakyReLU(slope: 0.5), [6]), ("c", convolution(8, 3), [7]),
    ]),
  definition(
    "both operands of the sum are norms",
    [
      ("a", convolution(3, 8), [0]), ("an", .instanceNorm(channels: 8), [1]), ("b", convolution(3, 8), [0]),
      ("bn", .instanceNorm(channels: 8), [3]), ("", .add, [2, 4]), ("c", convolution(8, 3), [5]),
    ]),
  definition(
    "the convolution is read by a norm and by the sum",
    [
      ("a", convolution(3, 8), [0]), ("an", .instanceNorm(channels: 8), [1]), ("", .relu, [2]), ("", .add, [3, 1]),
      ("c", convolution(8, 3), [4]),
    ]),
  definition(
    "two convolutions and a sum read the picture, one of them padded with zeros",
    [
      ("a", convolution(3, 3, padding: .zeros), [0]), ("b", convolution(3, 3), [0]), ("", .add, [1, 2]),
      ("", .add, [3, 0]), ("c", convolution(3, 3), [4]),
    ]),
  definition(
    "two norms read one convolution",
    [
      ("a", convolution(3, 8), [0]), ("n1", .instanceNorm(channels: 8), [1]), ("n2", .instanceNorm(channels: 8), [1]),
      ("", .relu, [2]), ("", .add, [4, 3]), ("c", convolution(8, 3), [5]),
    ]),
  definition(
    "ReLU after a convolution, ReLU after a sum, a sum of one node with itself",
    [
      ("a", convolution(3, 8, padding: .zeros), [0]), ("", .relu, [1]), ("b", convolution(8, 8), [2]),
      ("", .add, [2, 3]), ("", .relu, [4]), ("", .add, [5, 5]), ("c", convolution(8, 3), [6]),
    ]),
  definition(
    "ReLU, tanh and a norm of a value that a sum also reads",
    [
      ("a", convolution(3, 8), [0]), ("", .relu, [1]), ("", .scaledTanh(scale: -3, offset: 1), [2]),
      ("n", .instanceNorm(channels: 8), [2]), ("", .add, [1, 3]), ("", .add, [5, 4]), ("", .add, [6, 2]),
      ("c", convolution(8, 3), [7]),
    ]),
  definition(
    "upsampling that a sum and a convolution read",
    [
      ("a", convolution(3, 8, stride: 2), [0]), ("", .upsampleNearest, [1]), ("b", convolution(8, 8), [2]),
      ("", .add, [3, 2]), ("c", convolution(8, 3), [4]),
    ]),
  definition(
    "two upsamplings, two convolutions after them, tanh in between",
    [
      ("a", convolution(3, 8, stride: 2), [0]), ("b", convolution(8, 9, stride: 2), [1]), ("", .upsampleNearest, [2]),
      ("", .upsampleNearest, [3]), ("c", convolution(9, 5), [4]), ("d", convolution(9, 5), [4]), ("", .add, [5, 6]),
      ("", .scaledTanh(scale: 2, offset: 0.5), [7]), ("e", convolution(5, 3), [8]),
    ]),
  definition(
    "the last node reads the picture",
    [
      ("a", convolution(3, 8), [0]), ("", .relu, [1]), ("b", convolution(8, 3), [2]),
      ("n", .instanceNorm(channels: 3), [3]), ("", .add, [4, 0]), ("", .scaledTanh(scale: 150, offset: 127.5), [5]),
    ]),
  definition("the picture itself", [("", .relu, [0])]),
  definition(
    "batch norms that are not fused: after a sum, a ReLU, a norm, the picture, two after one convolution",
    [
      ("p", .batchNorm(channels: 3), [0]), ("a", convolution(3, 8, padding: .zeros), [1]),
      ("b1", .batchNorm(channels: 8), [2]), ("b2", .batchNorm(channels: 8), [2]), ("", .add, [3, 4]),
      ("b3", .batchNorm(channels: 8), [5]), ("", .relu, [6]), ("b4", .batchNorm(channels: 8), [7]),
      ("n", .instanceNorm(channels: 8), [8]), ("b5", .batchNorm(channels: 8), [9]), ("c", convolution(8, 3), [10]),
      ("b6", .batchNorm(channels: 3), [11]), ("", .scaledTanh(scale: 150, offset: 127.5), [12]),
    ]),
  definition(
    "affine maps: of the picture twice, before zero padding, in the middle, read by two nodes",
    [
      ("", .affine(scale: 0.5, offset: -3), [0]), ("", .affine(scale: 0.125, offset: 1), [1]),
      ("a", convolution(3, 8), [2]), ("z", convolution(3, 8, padding: .zeros), [2]), ("", .add, [3, 4]),
      ("", .affine(scale: -2, offset: 0.25), [5]), ("", .relu, [6]), ("d", convolution(8, 8, padding: .zeros), [6]),
      ("", .add, [7, 8]), ("c", convolution(8, 3), [9]), ("", .add, [10, 1]),
    ]),
  definition(
    "unshuffling and shuffling: of the picture read twice, in the middle, to an odd number of channels",
    [
      ("", .pixelUnshuffle(factor: 2), [0]), ("a", convolution(12, 12), [1]), ("", .add, [1, 2]),
      ("", .pixelShuffle(factor: 2), [3]), ("b", convolution(3, 5), [4]), ("n", .instanceNorm(channels: 5), [5]),
      ("", .pixelUnshuffle(factor: 4), [6]), ("c", convolution(80, 20), [7]), ("", .pixelShuffle(factor: 2), [8]),
      ("", .relu, [9]), ("d", convolution(5, 12), [10]), ("", .pixelShuffle(factor: 2), [11]),
    ]),
  definition(
    "PReLU, clamping and repeated borders, on the picture and behind a norm",
    [
      ("", .affine(scale: 1 / 64, offset: -2), [0]), ("a", convolution(3, 13, padding: .replicate), [1]),
      ("an", .instanceNorm(channels: 13), [2]), ("p", .parametricReLU(channels: 13), [3]),
      ("b", convolution(13, 8, padding: .replicate), [4]), ("", .clamp(minimum: -0.25, maximum: 0.5), [5]),
      ("", .add, [6, 5]), ("q", .parametricReLU(channels: 8), [7]), ("c", convolution(8, 3), [8]),
      ("", .clamp(minimum: -0.5, maximum: 0.25), [9]),
    ]),
  definition(
    "linear upsampling of both kinds, joined to whole and to broken vectors",
    [
      ("a", convolution(3, 8, stride: 2), [0]), ("", .upsampleLinear(alignsCorners: false), [1]),
      ("", .upsampleLinear(alignsCorners: true), [1]), ("", .concatenation, [2, 3]), ("b", convolution(16, 5), [4]),
      ("", .concatenation, [5, 4]), ("", .concatenation, [0, 6]), ("bn", .instanceNorm(channels: 24), [7]),
      ("", .relu, [8]), ("", .concatenation, [9, 5]), ("c", convolution(29, 3), [10]),
    ]),
  definition(
    "nearest upsampling before a convolution with repeated borders, a depthwise one with them",
    [
      ("a", convolution(3, 8, stride: 2, padding: .replicate), [0]), ("", .upsampleNearest, [1]),
      ("b", convolution(8, 8, padding: .replicate), [2]),
      ("d", .depthwiseConvolution(channels: 8, kernel: 5, stride: 1, padding: .replicate), [3]), ("", .relu, [4]),
      ("c", convolution(8, 3, padding: .replicate), [5]),
    ]),
  definition(
    "norms behind shuffles, whose sums are those of the convolution before, with and without a ReLU, to an odd number",
    [
      ("a", convolution(3, 20, stride: 2), [0]), ("", .pixelShuffle(factor: 2), [1]),
      ("an", .instanceNorm(channels: 5), [2]), ("", .relu, [3]), ("b", convolution(5, 64, stride: 2), [4]),
      ("", .relu, [5]), ("", .pixelShuffle(factor: 2), [6]), ("bn", .instanceNorm(channels: 16), [7]),
      ("cn", .instanceNorm(channels: 16), [7]), ("", .add, [8, 9]), ("", .add, [10, 7]),
      ("d", convolution(16, 3), [11]),
    ]),
  definition(
    "a depthwise convolution read by a 1×1 convolution and a sum, one on the picture, one after upsampling",
    [
      ("p", depthwise(3), [0]), ("a", convolution(3, 8, stride: 2), [1]), ("an", .instanceNorm(channels: 8), [2]),
      ("d", depthwise(8), [3]), ("e", pointwise(8, 8), [4]), ("", .add, [5, 4]), ("", .upsampleNearest, [6]),
      ("f", depthwise(8), [7]), ("fn", .instanceNorm(channels: 8), [8]), ("", .relu, [9]),
      ("g", convolution(8, 3), [10]),
    ]),
  definition(
    "separable convolutions of stride 2 after a sum with another reader, upsampling of a separable one",
    [
      ("a", convolution(3, 8), [0]), ("an", .instanceNorm(channels: 8), [1]), ("", .add, [2, 1]),
      ("d", depthwise(8, stride: 2), [3]), ("e", pointwise(8, 13), [4]), ("en", .instanceNorm(channels: 13), [5]),
      ("", .relu, [6]), ("f", depthwise(13), [7]), ("g", pointwise(13, 8), [8]), ("gb", .batchNorm(channels: 8), [9]),
      ("", .upsampleNearest, [10]), ("", .add, [11, 3]), ("h", depthwise(8, kernel: 5), [12]),
      ("c", convolution(8, 3), [13]),
    ]),
  definition(
    "a canvas that a convolution, a batch norm and a sum read, revised",
    [
      ("", .canvas(lines: 64), [0]), ("", .affine(scale: 1 / 64, offset: -2), [1]), ("p", .batchNorm(channels: 3), [2]),
      ("a", convolution(3, 8), [2]), ("an", .instanceNorm(channels: 8), [4]), ("", .relu, [5]),
      ("b", convolution(8, 3), [6]), ("", .add, [7, 3]), ("", .add, [8, 2]),
      ("", .affine(scale: 40, offset: 127.5), [9]), ("r", .revision(channels: 6), [0, 10]),
    ]),
  definition(
    "blocks of a canvas after an affine map, a shuffled draft with a tanh, enlarged without a revision",
    [
      ("", .canvas(lines: 64), [0]), ("", .affine(scale: 1 / 127.5, offset: -1), [1]),
      ("", .pixelUnshuffle(factor: 2), [2]), ("a", convolution(12, 12), [3]), ("", .leakyReLU(slope: 0.2), [4]),
      ("", .pixelShuffle(factor: 2), [5]), ("", .scaledTanh(scale: 150, offset: 127.5), [6]),
      ("", .revision(channels: 0), [0, 7]),
    ]),
]

extension Networks.Operation {
  /// An operation without its numbers. The compiler asks for a case for each new operation.
  enum Kind: String, CaseIterable {
    case input, convolution, depthwiseConvolution, instanceNorm, batchNorm, relu, leakyReLU, upsampleNearest, canvas,
      revision, add, pixelUnshuffle, pixelShuffle, affine, scaledTanh, parametricReLU, clamp, upsampleLinear,
      concatenation
  }

  var kind: Kind {
    switch self {
    case .input: .input
    case .convolution: .convolution
    case .depthwiseConvolution: .depthwiseConvolution
    case .instanceNorm: .instanceNorm
    case .batchNorm: .batchNorm
    case .relu: .relu
    case .leakyReLU: .leakyReLU
    case .upsampleNearest: .upsampleNearest
    case .canvas: .canvas
    case .revision: .revision
    case .add: .add
    case .pixelUnshuffle: .pixelUnshuffle
    case .pixelShuffle: .pixelShuffle
    case .affine: .affine
    case .scaledTanh: .scaledTanh
    case .parametricReLU: .parametricReLU
    case .clamp: .clamp
    case .upsampleLinear: .upsampleLinear
    case .concatenation: .concatenation
    }
  }
}
