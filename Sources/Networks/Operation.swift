/// What one node of a network computes. Shapes are `[N, H, W, C]`; parameters are named by the node.
///
/// Everything about an operation that does not depend on who executes it stands in this file: what it reads, the shape of its value, its
/// parameters and its cost. In a model file an operation is an object of one key, its name, such as `{"relu": {}}` or
/// `{"pixelShuffle": {"factor": 2}}`.
public enum Operation: Hashable, Codable, Sendable {
  /// The picture: RGB, 0…255.
  case input
  /// Convolution without upsampling, padding `kernel / 2`; parameters `NAME.weight` `[O, I, k, k]` and `NAME.bias` `[O]`.
  case convolution(inputChannels: Int, outputChannels: Int, kernel: Int, stride: Int, padding: Padding)
  /// Depthwise convolution, each channel with a kernel of its own: `y[h, w, c] = b[c] + Σ W[c, i, j]·x[h·s + i − p, w·s + j − p, c]`
  /// with padding `p = kernel / 2`; parameters `NAME.weight` `[C, 1, k, k]` and `NAME.bias` `[C]`, as PyTorch's `groups = C`.
  case depthwiseConvolution(channels: Int, kernel: Int, stride: Int, padding: Padding)
  /// Instance normalisation; parameters `NAME.weight` (γ) and `NAME.bias` (β), each `[C]`.
  case instanceNorm(channels: Int)
  /// Batch normalisation by stored statistics, `γ·(x − μ)/√(σ² + 1e-5) + β`: the same map for every picture, so it folds into
  /// the convolution in front of it. Parameters `NAME.weight` (γ), `NAME.bias` (β), `NAME.running_mean` (μ) and
  /// `NAME.running_var` (σ²), each `[C]`; the last two are not trained but gathered, see `NormSchedule` in Training.
  case batchNorm(channels: Int)
  /// `max(x, 0)`.
  case relu
  /// Nearest-neighbour upsampling by 2.
  case upsampleNearest
  /// The picture on its canvas: reduced by area averaging so that its short side has this many pixels, one of ``Canvas/lines``. It has
  /// no parameters and reads the input; what reads the picture behind it, reads the canvas. See ``Canvas`` for the extents.
  case canvas(lines: Int)
  /// The draft, which was painted on the canvas, at the film's size with the film's edges put back: the last node of a network that
  /// has a ``canvas(lines:)``; it reads the input and the draft.
  ///
  /// With `E` bilinear enlargement (half-pixel centres, clamped), `S` the sharpening that makes up for its blur, see `DraftSharpening` in
  /// Kernels, `Y` the film's luma and `P` the enlarged luma of the canvas, the film's
  /// Laplacian is `Y − P`. Each block of 2×2 pixels has eight values: four of `(Y − P)/64` in the order of ``pixelUnshuffle(factor:)``, then
  /// red, green and blue of `E(S(draft))` and `P` at the block's centre, both as `(x − 127.5)/127.5`; the last row and column of odd extents are
  /// repeated. The output is `E(S(draft)) + 64 · shuffle(conv2(relu(conv1(values))))`, of 3×3 convolutions that pad by reflection and a pixel
  /// shuffle of 2. Parameters `NAME.conv1.weight` `[C, 8, 3, 3]`, `NAME.conv1.bias` `[C]`, `NAME.conv2.weight` `[12, C, 3, 3]` and
  /// `NAME.conv2.bias` `[12]`; the last two begin as zeros, so that the output begins as `E(S(draft))`. With no channels it is that for good,
  /// and has no parameters.
  ///
  /// T. Lin et al.: Drafting and Revision: Laplacian Pyramid Network for Fast High-Quality Artistic Style Transfer, CVPR 2021.
  case revision(channels: Int)
  /// The sum of two nodes of one shape.
  case add
  /// Blocks of `factor` × `factor` pixels become channels, as in PyTorch: `[N, H, W, C]` → `[N, H/r, W/r, C·r²]`,
  /// `y[h, w, c·r² + i·r + j] = x[h·r + i, w·r + j, c]`.
  case pixelUnshuffle(factor: Int)
  /// The inverse of ``pixelUnshuffle(factor:)``: `[N, H, W, C·r²]` → `[N, H·r, W·r, C]`.
  case pixelShuffle(factor: Int)
  /// `offset + scale · x`.
  case affine(scale: Float, offset: Float)
  /// `offset + scale · tanh(x)`.
  case scaledTanh(scale: Float, offset: Float)

  /// How a convolution continues its input beyond the border.
  public enum Padding: String, Hashable, Codable, Sendable {
    /// With zeros.
    case zeros
    /// Mirrored at the border pixel.
    case reflect
  }
}

// MARK: - Operands and shapes

extension Operation {
  /// The number of nodes that it reads.
  public var operandCount: Int {
    switch self {
    case .input: 0
    case .add, .revision: 2
    default: 1
    }
  }

  /// The shape of its value for operands of the shapes `operands`, as many as ``operandCount``.
  ///
  /// - Parameters:
  ///   - picture: the shape of the picture that the network reads.
  ///   - multiple: the network's ``NetworkDefinition/sizeMultiple``, of which the extents of a canvas are multiples.
  /// - Throws: ``ShapeError`` where it cannot read such operands or where its own numbers are out of range.
  func shape(of operands: [FeatureShape], picture: FeatureShape, multiple: Int) throws(ShapeError) -> FeatureShape {
    switch self {
    case .input: return picture
    case .convolution(let inputChannels, let outputChannels, let kernel, let stride, _):
      return try Self.convolved(
        operands[0], from: inputChannels, to: outputChannels, kernel: kernel, stride: stride)
    case .depthwiseConvolution(let channels, let kernel, let stride, _):
      return try Self.convolved(operands[0], from: channels, to: channels, kernel: kernel, stride: stride)
    case .instanceNorm(let channels), .batchNorm(let channels):
      try operands[0].check(channels: channels)
      return operands[0]
    case .relu: return operands[0]
    case .affine(let scale, let offset), .scaledTanh(let scale, let offset):
      guard scale.isFinite, offset.isFinite else { throw ShapeError("its numbers are not finite") }
      return operands[0]
    case .upsampleNearest: return operands[0].resized(height: 2 * operands[0].height, width: 2 * operands[0].width)
    case .canvas(let lines):
      guard Canvas.lines.contains(lines) else {
        throw ShapeError(
          "a canvas of \(lines) lines, expected \(Canvas.lines.lowerBound) to \(Canvas.lines.upperBound)")
      }
      let canvas = Canvas.extents(
        lines: lines, height: operands[0].height, width: operands[0].width, multiple: multiple)
      return operands[0].resized(height: canvas.height, width: canvas.width)
    case .revision(let channels):
      guard channels == 0 || Canvas.revisions.contains(channels) else {
        throw ShapeError(
          "a revision of \(channels) channels, expected 0 or \(Canvas.revisions.lowerBound) to "
            + "\(Canvas.revisions.upperBound)")
      }
      try operands[1].check(channels: picture.channels)
      return operands[0]
    case .add:
      guard operands[0] == operands[1] else { throw ShapeError("it adds \(operands[0]) and \(operands[1])") }
      return operands[0]
    case .pixelUnshuffle(let factor):
      let input = operands[0]
      guard Self.factors.contains(factor), input.height % factor == 0, input.width % factor == 0 else {
        throw ShapeError("\(input) cannot be divided into blocks of \(factor)×\(factor)")
      }
      return FeatureShape(
        height: input.height / factor, width: input.width / factor, channels: input.channels * factor * factor)
    case .pixelShuffle(let factor):
      let input = operands[0]
      guard Self.factors.contains(factor), input.channels % (factor * factor) == 0 else {
        throw ShapeError("\(input.channels) channels are not whole blocks of \(factor)×\(factor)")
      }
      return FeatureShape(
        height: input.height * factor, width: input.width * factor, channels: input.channels / (factor * factor))
    }
  }

  /// The factors of pixel shuffles and the strides of convolutions, and the sides of kernels.
  private static let (factors, kernels) = (1...16, 1...31)

  private static func convolved(
    _ input: FeatureShape, from inputChannels: Int, to outputChannels: Int, kernel: Int, stride: Int
  ) throws(ShapeError) -> FeatureShape {
    try input.check(channels: inputChannels)
    guard outputChannels > 0, kernels.contains(kernel), factors.contains(stride) else {
      throw ShapeError(
        "\(outputChannels) channels by a kernel of \(kernel) and a stride of \(stride), expected at least 1 channel, a kernel of at "
          + "most \(kernels.upperBound) and a stride of at most \(factors.upperBound)")
    }
    let border = kernel / 2 * 2
    guard min(input.height, input.width) + border >= kernel else {
      throw ShapeError("its kernel exceeds an input of \(input.width)×\(input.height)")
    }
    return FeatureShape(
      height: (input.height + border - kernel) / stride + 1, width: (input.width + border - kernel) / stride + 1,
      channels: outputChannels)
  }

  /// By how much height and width shrink, as the ratio `numerator / denominator`.
  var reduction: (numerator: Int, denominator: Int) {
    switch self {
    case .convolution(_, _, _, let stride, _), .depthwiseConvolution(_, _, let stride, _): (stride, 1)
    case .pixelUnshuffle(let factor): (factor, 1)
    case .pixelShuffle(let factor): (1, factor)
    case .upsampleNearest: (1, 2)
    default: (1, 1)
    }
  }
}

// MARK: - Parameters and cost

extension Operation {
  /// The values of a block of 2×2 pixels that a revision reads, and those that it writes.
  private static let (revisionInputs, revisionOutputs) = (8, 12)

  /// The parameters of a node called `name`; `shuffleFactor` is that of a pixel shuffle right behind it, nil where there is none.
  func parameters(of name: String, shuffleFactor: Int?) -> [ParameterSpecification] {
    typealias Parameter = ParameterSpecification
    switch self {
    case .convolution(let inputChannels, let outputChannels, let kernel, _, _):
      let fanIn = inputChannels * kernel * kernel
      let factor = kernel == 3 ? shuffleFactor : nil
      return [
        Parameter(
          name: name + ".weight", shape: [outputChannels, inputChannels, kernel, kernel],
          initialization: factor.map { .interpolation(factor: $0, fanIn: inputChannels) } ?? .uniform(fanIn: fanIn)),
        Parameter(
          name: name + ".bias", shape: [outputChannels],
          initialization: factor == nil ? .uniform(fanIn: fanIn) : .constant(0)),
      ]
    case .depthwiseConvolution(let channels, let kernel, _, _):
      let fanIn = kernel * kernel
      return [
        Parameter(
          name: name + ".weight", shape: [channels, 1, kernel, kernel], initialization: .uniform(fanIn: fanIn)),
        Parameter(name: name + ".bias", shape: [channels], initialization: .uniform(fanIn: fanIn)),
      ]
    case .instanceNorm(let channels):
      return [
        Parameter(name: name + ".weight", shape: [channels], initialization: .constant(1)),
        Parameter(name: name + ".bias", shape: [channels], initialization: .constant(0)),
      ]
    case .batchNorm(let channels):
      let values: [(suffix: String, initial: Float, isTrained: Bool)] = [
        (".weight", 1, true), (".bias", 0, true), (".running_mean", 0, false), (".running_var", 1, false),
      ]
      return values.map { value in
        Parameter(
          name: name + value.suffix, shape: [channels], initialization: .constant(value.initial),
          isTrained: value.isTrained)
      }
    case .revision(let channels):
      guard channels > 0 else { return [] }
      let (inputs, outputs) = (Self.revisionInputs, Self.revisionOutputs)
      return [
        Parameter(
          name: name + ".conv1.weight", shape: [channels, inputs, 3, 3], initialization: .uniform(fanIn: inputs * 9)),
        Parameter(name: name + ".conv1.bias", shape: [channels], initialization: .uniform(fanIn: inputs * 9)),
        Parameter(name: name + ".conv2.weight", shape: [outputs, channels, 3, 3], initialization: .constant(0)),
        Parameter(name: name + ".conv2.bias", shape: [outputs], initialization: .constant(0)),
      ]
    case .input, .relu, .upsampleNearest, .canvas, .add, .pixelUnshuffle, .pixelShuffle, .affine, .scaledTanh: return []
    }
  }

  /// The operation with 0 in place of each number of channels: what networks of different widths have in common.
  var withoutChannels: Operation {
    switch self {
    case .convolution(_, _, let kernel, let stride, let padding):
      .convolution(inputChannels: 0, outputChannels: 0, kernel: kernel, stride: stride, padding: padding)
    case .depthwiseConvolution(_, let kernel, let stride, let padding):
      .depthwiseConvolution(channels: 0, kernel: kernel, stride: stride, padding: padding)
    case .instanceNorm: .instanceNorm(channels: 0)
    case .batchNorm: .batchNorm(channels: 0)
    default: self
    }
  }

  /// Whether it has parameters, and its node a name of its own.
  var isNamed: Bool { !parameters(of: "", shuffleFactor: nil).isEmpty }

  /// Multiply-adds of convolutions for a value of the shape `output`.
  func multiplyAdds(output: FeatureShape) -> Int {
    switch self {
    case .convolution(let inputChannels, _, let kernel, _, _): output.count * inputChannels * kernel * kernel
    case .depthwiseConvolution(_, let kernel, _, _): output.count * kernel * kernel
    case .revision(let channels):
      (output.height + 1) / 2 * ((output.width + 1) / 2) * channels * 9 * (Self.revisionInputs + Self.revisionOutputs)
    default: 0
    }
  }
}
