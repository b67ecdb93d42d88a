import Kernels
import TestSupport
import Tensors
import Testing

/// The dimensions of a convolution under test.
struct ConvolutionCase: Sendable, Hashable, CustomTestStringConvertible {
  var batch = 1
  var height: Int
  var width: Int
  var inputs: Int
  var outputs: Int
  var kernel: Int
  var stride = 1
  var padding: Int
  var mode: PaddingMode
  var upsampling = 1

  var testDescription: String {
    let upsampled = upsampling == 2 ? " after ×2" : ""
    return "\(batch)×\(height)×\(width)×\(inputs)→\(outputs) k\(kernel) s\(stride) p\(padding) \(mode)\(upsampled)"
  }

  var geometry: ConvolutionGeometry {
    ConvolutionGeometry(
      batch: batch, height: height, width: width, inputChannels: inputs, outputChannels: outputs, kernel: kernel,
      stride: stride, padding: padding, paddingMode: mode, upsampling: upsampling)
  }

  var algorithms: [ConvolutionAlgorithm] { ConvolutionAlgorithm.allCases.filter { $0.supports(geometry) } }

  var inputShape: Shape { Shape(batch: batch, height: height, width: width, channels: inputs) }
  var weightShape: Shape { Shape([outputs, inputs, kernel, kernel]) }
  var outputShape: Shape {
    Shape(batch: batch, height: geometry.outputHeight, width: geometry.outputWidth, channels: outputs)
  }

  private var isLegal: Bool {
    let smallest = min(height, width) * upsampling
    return smallest + 2 * padding >= kernel && (mode != .reflect || smallest > padding)
  }

  // MARK: Cases

  /// Every kernel, stride and padding mode over odd and even sizes, one pixel, sizes smaller than the padding, and
  /// channel counts below and above a vector register.
  static let small: [ConvolutionCase] = {
    let sizes = [(1, 1), (2, 1), (3, 5), (6, 7), (13, 11)]
    let channels = [(1, 1), (3, 5), (5, 3), (8, 8), (13, 1), (3, 32), (32, 13), (8, 3)]
    var cases: [ConvolutionCase] = []
    for (sizeIndex, size) in sizes.enumerated() {
      for (channelIndex, pair) in channels.enumerated() {
        for kernel in [1, 3, 9] {
          for stride in [1, 2] {
            for mode in PaddingMode.allCases {
              cases.append(
                ConvolutionCase(
                  batch: 1 + (sizeIndex + channelIndex) % 2, height: size.0, width: size.1, inputs: pair.0,
                  outputs: pair.1, kernel: kernel, stride: stride, padding: kernel / 2, mode: mode))
            }
          }
        }
      }
    }
    return cases.filter(\.isLegal)
  }()

  /// Paddings that are not half of the kernel: none, and more than the kernel covers.
  static let unusualPadding = [
    ConvolutionCase(height: 9, width: 10, inputs: 3, outputs: 5, kernel: 9, padding: 0, mode: .zeros),
    ConvolutionCase(height: 5, width: 3, inputs: 5, outputs: 8, kernel: 3, padding: 0, mode: .reflect),
    ConvolutionCase(height: 6, width: 5, inputs: 5, outputs: 8, kernel: 3, stride: 2, padding: 0, mode: .zeros),
    ConvolutionCase(height: 3, width: 4, inputs: 8, outputs: 5, kernel: 3, padding: 4, mode: .zeros),
    ConvolutionCase(height: 3, width: 4, inputs: 8, outputs: 5, kernel: 1, padding: 2, mode: .zeros),
    ConvolutionCase(height: 4, width: 3, inputs: 3, outputs: 5, kernel: 3, padding: 2, mode: .reflect),
    // Reflected more than once: PyTorch refuses these; this definition continues the pattern.
    ConvolutionCase(height: 3, width: 2, inputs: 3, outputs: 5, kernel: 9, padding: 4, mode: .reflect),
    ConvolutionCase(height: 1, width: 1, inputs: 3, outputs: 5, kernel: 3, padding: 1, mode: .reflect),
  ]

  /// Nearest upsampling before the convolution, as in the network's decoder.
  static let upsampled = [
    ConvolutionCase(
      batch: 2, height: 5, width: 3, inputs: 8, outputs: 5, kernel: 3, padding: 1, mode: .reflect, upsampling: 2),
    ConvolutionCase(
      height: 1, width: 2, inputs: 3, outputs: 13, kernel: 3, padding: 1, mode: .reflect, upsampling: 2),
    ConvolutionCase(height: 4, width: 5, inputs: 5, outputs: 3, kernel: 9, padding: 4, mode: .zeros, upsampling: 2),
    ConvolutionCase(
      height: 1, width: 1, inputs: 16, outputs: 8, kernel: 3, padding: 1, mode: .zeros, upsampling: 2),
    ConvolutionCase(
      height: 1, width: 1, inputs: 8, outputs: 8, kernel: 3, padding: 1, mode: .reflect, upsampling: 2),
    ConvolutionCase(
      batch: 2, height: 9, width: 7, inputs: 24, outputs: 40, kernel: 3, padding: 1, mode: .reflect, upsampling: 2),
    ConvolutionCase(
      batch: 2, height: 13, width: 34, inputs: 16, outputs: 24, kernel: 3, padding: 1, mode: .zeros, upsampling: 2),
    ConvolutionCase(
      height: 3, width: 5, inputs: 3, outputs: 8, kernel: 3, stride: 2, padding: 1, mode: .zeros, upsampling: 2),
  ]

  /// Large enough for several chunks, strips or bands of every algorithm, with a remainder.
  static let large = [
    ConvolutionCase(height: 45, width: 43, inputs: 32, outputs: 32, kernel: 3, padding: 1, mode: .reflect),
    ConvolutionCase(batch: 2, height: 13, width: 19, inputs: 32, outputs: 3, kernel: 9, padding: 4, mode: .reflect),
    ConvolutionCase(height: 67, width: 9, inputs: 8, outputs: 3, kernel: 9, padding: 4, mode: .zeros),
    // Windows of three register tiles.
    ConvolutionCase(height: 17, width: 21, inputs: 5, outputs: 32, kernel: 9, padding: 4, mode: .reflect),
    ConvolutionCase(height: 71, width: 69, inputs: 32, outputs: 13, kernel: 3, stride: 2, padding: 1, mode: .reflect),
    ConvolutionCase(height: 31, width: 38, inputs: 24, outputs: 40, kernel: 3, stride: 2, padding: 1, mode: .reflect),
    // More channels than a strip of Winograd tiles in the second-level cache can hold.
    ConvolutionCase(batch: 2, height: 13, width: 19, inputs: 136, outputs: 144, kernel: 3, padding: 1, mode: .zeros),
    ConvolutionCase(batch: 2, height: 9, width: 9, inputs: 8, outputs: 152, kernel: 3, padding: 1, mode: .reflect),
    // More tiles than one chunk of a weight gradient, or of a convolution with many channels.
    ConvolutionCase(height: 199, width: 193, inputs: 8, outputs: 8, kernel: 3, padding: 1, mode: .reflect),
    ConvolutionCase(height: 147, width: 151, inputs: 136, outputs: 8, kernel: 3, padding: 1, mode: .zeros),
    ConvolutionCase(
      height: 87, width: 89, inputs: 8, outputs: 8, kernel: 3, padding: 1, mode: .reflect, upsampling: 2),
  ]

  static let all = small + unusualPadding + upsampled + large
}

/// The inputs of a case and the reference results.
struct ConvolutionExample {
  let input: Tensor
  let weight: Tensor
  let bias: Tensor
  let outputGradient: Tensor
  let reference: Reference.ConvolutionGeometry
  private let upsampling: Int

  init(_ shapes: ConvolutionCase, seed: UInt64 = 1) {
    var random = Random(seed: seed)
    input = random.tensor(shapes.inputShape)
    weight = random.tensor(shapes.weightShape)
    bias = random.tensor(Shape([shapes.outputs]))
    outputGradient = random.tensor(shapes.outputShape)
    reference = Reference.ConvolutionGeometry(
      stride: shapes.stride, padding: shapes.padding, mode: .init(shapes.mode))
    upsampling = shapes.upsampling
  }

  private var virtualInput: ReferenceTensor {
    upsampling == 2 ? Reference.upsampleNearest(ReferenceTensor(input)) : ReferenceTensor(input)
  }

  func output(withBias: Bool) -> ReferenceTensor {
    Reference.convolution(
      virtualInput, weight: ReferenceTensor(weight), bias: withBias ? ReferenceTensor(bias) : nil, geometry: reference)
  }

  func gradients() -> (input: ReferenceTensor, weight: ReferenceTensor, bias: ReferenceTensor) {
    let result = Reference.convolutionBackward(
      ReferenceTensor(outputGradient), input: virtualInput, weight: ReferenceTensor(weight), geometry: reference)
    return (
      upsampling == 2 ? Reference.upsampleNearestBackward(result.input) : result.input, result.weight, result.bias
    )
  }
}

extension Reference.Padding {
  /// The reference's name of a padding mode.
  init(_ mode: PaddingMode) {
    switch mode {
    case .zeros: self = .zero
    case .reflect: self = .reflection
    case .replicate: self = .replication
    }
  }
}
