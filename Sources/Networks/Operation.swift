/// The operation of a node. Shapes are `[N, H, W, C]`; parameters have the node's name as prefix.
///
/// This file defines everything about an operation that does not depend on how it is executed: its operands, the shape
/// of its value, its parameters and its cost. In a model file, an operation is an object with one key, its name, such
/// as `{"relu": {}}` or `{"pixelShuffle": {"factor": 2}}`.
public enum Operation: Hashable, Codable, Sendable {
  /// The picture: RGB, 0…255.
  case input
  /// A convolution with padding `kernel / 2`. Parameters: `NAME.weight` `[O, I, k, k]` and `NAME.bias` `[O]`.
  case convolution(inputChannels: Int, outputChannels: Int, kernel: Int, stride: Int, padding: Padding)
  /// A depthwise convolution, which has a separate kernel for each channel:
  /// `y[h, w, c] = b[c] + Σ W[c, i, j]·x[h·s + i − p, w·s + j − p, c]` with stride `s` and padding `p = kernel / 2`.
  /// Parameters: `NAME.weight` `[C, 1, k, k]` and `NAME.bias` `[C]`, as in PyTorch with `groups = C`.
  case depthwiseConvolution(channels: Int, kernel: Int, stride: Int, padding: Padding)
  /// Instance normalisation. Parameters: `NAME.weight` (γ) and `NAME.bias` (β), each `[C]`.
  case instanceNorm(channels: Int)
  /// Batch normalisation by stored statistics, `γ·(x − μ)/√(σ² + 1e-5) + β`. It does not depend on the picture, so it
  /// folds into the preceding convolution. Parameters: `NAME.weight` (γ), `NAME.bias` (β), `NAME.running_mean` (μ) and
  /// `NAME.running_var` (σ²), each `[C]`. The last two are not trained but collected, see `NormSchedule` in Training.
  case batchNorm(channels: Int)
  /// `max(x, 0)`.
  case relu
  /// `x` where it is positive, else `slope · x`; the slope is from 0 to 1.
  case leakyReLU(slope: Float)
  /// `x` where it is positive, else `a · x` with a slope `a` for each channel. Parameters: `NAME.weight` `[C]`, as in
  /// PyTorch's `PReLU`.
  case parametricReLU(channels: Int)
  /// `min(max(x, minimum), maximum)`. The minimum is less than the maximum.
  case clamp(minimum: Float, maximum: Float)
  /// Nearest-neighbour upsampling by 2.
  case upsampleNearest
  /// Bilinear upsampling by 2, as PyTorch's `interpolate` with `align_corners`. Along each axis, output `i` of `2·n` is
  /// at `i·(n − 1)/(2·n − 1)` if the corners are aligned, otherwise at `(i + 1/2)/2 − 1/2`, clamped to the ends.
  case upsampleLinear(alignsCorners: Bool)
  /// The picture reduced to the canvas by area averaging, so that its short side has `lines` pixels, a number in
  /// ``Canvas/lines``. It has no parameters and reads the input. The nodes after it see the canvas instead of the
  /// picture. See ``Canvas`` for the extents.
  case canvas(lines: Int)
  /// The draft painted on the canvas, enlarged to the picture's size and with the picture's edges restored. It is the
  /// last node of a network with a ``canvas(lines:)`` and reads the input and the draft.
  ///
  /// Let `E` be bilinear enlargement (half-pixel centres, clamped), `S` the sharpening that compensates for its blur,
  /// see `DraftSharpening` in Kernels, `Y` the luma of the picture and `P` the enlarged luma of the canvas. The
  /// Laplacian of the picture is `Y − P`. Each block of 2×2 pixels has eight values: four of `(Y − P)/64` in the order
  /// of ``pixelUnshuffle(factor:)``, then red, green and blue of `E(S(draft))` and `P` at the centre of the block, each
  /// as `(x − 127.5)/127.5`. Odd extents repeat the last row and column. The output is
  /// `E(S(draft)) + 64 · shuffle(conv2(relu(conv1(values))))`, with 3×3 convolutions padded by reflection and a pixel
  /// shuffle by 2.
  ///
  /// Parameters: `NAME.conv1.weight` `[C, 8, 3, 3]`, `NAME.conv1.bias` `[C]`, `NAME.conv2.weight` `[12, C, 3, 3]` and
  /// `NAME.conv2.bias` `[12]`. The last two start as zeros, so that the output starts as `E(S(draft))`. With 0 channels
  /// there are no parameters and the output always is `E(S(draft))`.
  ///
  /// T. Lin et al.: Drafting and Revision: Laplacian Pyramid Network for Fast High-Quality Artistic Style Transfer,
  /// CVPR 2021.
  case revision(channels: Int)
  /// The sum of two nodes with the same shape.
  case add
  /// The channels of the first node followed by those of the second. Both have the same height and width.
  case concatenation
  /// Moves blocks of `factor` × `factor` pixels into channels, as in PyTorch: `[N, H, W, C]` → `[N, H/r, W/r, C·r²]`,
  /// `y[h, w, c·r² + i·r + j] = x[h·r + i, w·r + j, c]` with `r = factor`.
  case pixelUnshuffle(factor: Int)
  /// The inverse of ``pixelUnshuffle(factor:)``: `[N, H, W, C·r²]` → `[N, H·r, W·r, C]`.
  case pixelShuffle(factor: Int)
  /// `offset + scale · x`.
  case affine(scale: Float, offset: Float)
  /// `offset + scale · tanh(x)`.
  case scaledTanh(scale: Float, offset: Float)

  /// The values outside the borders of a convolution's input.
  public enum Padding: String, Hashable, Codable, Sendable {
    /// Zeros.
    case zeros
    /// The input mirrored at the border pixel.
    case reflect
    /// The border pixel repeated.
    case replicate
  }
}

// MARK: - Operands and shapes

extension Operation {
  /// The number of nodes that the operation reads.
  public var operandCount: Int {
    switch self {
    case .input: 0
    case .add, .concatenation, .revision: 2
    case .convolution, .depthwiseConvolution, .instanceNorm, .batchNorm, .relu, .leakyReLU, .parametricReLU, .clamp,
      .affine, .scaledTanh, .upsampleNearest, .upsampleLinear, .pixelUnshuffle, .pixelShuffle, .canvas:
      1
    }
  }

  /// Returns the shape of the value for operands of the given shapes, which number ``operandCount``.
  ///
  /// - Parameters:
  ///   - picture: The shape of the network's input.
  ///   - multiple: The network's ``NetworkDefinition/sizeMultiple``, of which the extents of a canvas are multiples.
  /// - Throws: ``ShapeError`` if the operands do not fit or a number of the operation is out of range.
  func shape(of operands: [FeatureShape], picture: FeatureShape, multiple: Int) throws(ShapeError) -> FeatureShape {
    switch self {
    case .input: return picture
    case .convolution(let inputChannels, let outputChannels, let kernel, let stride, _):
      return try Self.convolved(
        operands[0], from: inputChannels, to: outputChannels, kernel: kernel, stride: stride)
    case .depthwiseConvolution(let channels, let kernel, let stride, _):
      return try Self.convolved(operands[0], from: channels, to: channels, kernel: kernel, stride: stride)
    case .instanceNorm(let channels), .batchNorm(let channels), .parametricReLU(let channels):
      try operands[0].check(channels: channels)
      return operands[0]
    case .relu: return operands[0]
    case .leakyReLU(let slope):
      guard (0...1).contains(slope) else { throw ShapeError("a slope of \(slope), expected 0 to 1") }
      return operands[0]
    case .clamp(let minimum, let maximum):
      guard minimum < maximum, minimum.isFinite, maximum.isFinite else {
        throw ShapeError("a range of \(minimum) to \(maximum), expected finite numbers in ascending order")
      }
      return operands[0]
    case .affine(let scale, let offset), .scaledTanh(let scale, let offset):
      guard scale.isFinite, offset.isFinite else { throw ShapeError("its numbers are not finite") }
      return operands[0]
    case .upsampleNearest, .upsampleLinear:
      return operands[0].resized(height: 2 * operands[0].height, width: 2 * operands[0].width)
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
    case .concatenation:
      let (first, second) = (operands[0], operands[1])
      guard first.height == second.height, first.width == second.width else {
        throw ShapeError("it joins \(first) and \(second)")
      }
      return FeatureShape(height: first.height, width: first.width, channels: first.channels + second.channels)
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

  /// The ranges of shuffle factors and strides, and of kernel sizes.
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

  /// The factor by which height and width shrink, as the ratio `numerator / denominator`.
  var reduction: (numerator: Int, denominator: Int) {
    switch self {
    case .convolution(_, _, _, let stride, _), .depthwiseConvolution(_, _, let stride, _): (stride, 1)
    case .pixelUnshuffle(let factor): (factor, 1)
    case .pixelShuffle(let factor): (1, factor)
    case .upsampleNearest, .upsampleLinear: (1, 2)
    // Reductions behind a canvas are relative to the canvas.
    case .input, .instanceNorm, .batchNorm, .relu, .leakyReLU, .parametricReLU, .clamp, .affine, .scaledTanh, .add,
      .concatenation, .canvas, .revision:
      (1, 1)
    }
  }
}

// MARK: - Parameters and cost

extension Operation {
  /// The numbers of values per block of 2×2 pixels that a revision reads and writes.
  private static let (revisionInputs, revisionOutputs) = (8, 12)

  /// Returns the parameters of a node.
  ///
  /// - Parameters:
  ///   - name: The name of the node.
  ///   - shuffleFactor: The factor of the pixel shuffle that directly follows the node; nil if there is none.
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
    case .parametricReLU(let channels):
      return [Parameter(name: name + ".weight", shape: [channels], initialization: .constant(0.25))]
    case .input, .relu, .leakyReLU, .clamp, .upsampleNearest, .upsampleLinear, .canvas, .add, .concatenation,
      .pixelUnshuffle, .pixelShuffle, .affine, .scaledTanh:
      return []
    }
  }

  /// The operation with all numbers of channels replaced by 0: the part that networks of different widths have in
  /// common.
  var withoutChannels: Operation {
    switch self {
    case .convolution(_, _, let kernel, let stride, let padding):
      .convolution(inputChannels: 0, outputChannels: 0, kernel: kernel, stride: stride, padding: padding)
    case .depthwiseConvolution(_, let kernel, let stride, let padding):
      .depthwiseConvolution(channels: 0, kernel: kernel, stride: stride, padding: padding)
    case .instanceNorm: .instanceNorm(channels: 0)
    case .batchNorm: .batchNorm(channels: 0)
    case .parametricReLU: .parametricReLU(channels: 0)
    case .input, .relu, .leakyReLU, .clamp, .affine, .scaledTanh, .upsampleNearest, .upsampleLinear, .pixelUnshuffle,
      .pixelShuffle, .add, .concatenation, .canvas, .revision:
      self
    }
  }

  /// Whether the operation has parameters, so that its node needs a unique name.
  var isNamed: Bool { !parameters(of: "", shuffleFactor: nil).isEmpty }

  /// Returns the number of multiply-adds of convolutions for a value with the shape `output`.
  func multiplyAdds(output: FeatureShape) -> Int {
    switch self {
    case .convolution(let inputChannels, _, let kernel, _, _): output.count * inputChannels * kernel * kernel
    case .depthwiseConvolution(_, let kernel, _, _): output.count * kernel * kernel
    case .revision(let channels):
      (output.height + 1) / 2 * ((output.width + 1) / 2) * channels * 9 * (Self.revisionInputs + Self.revisionOutputs)
    case .input, .instanceNorm, .batchNorm, .relu, .leakyReLU, .parametricReLU, .clamp, .affine, .scaledTanh,
      .upsampleNearest, .upsampleLinear, .pixelUnshuffle, .pixelShuffle, .add, .concatenation, .canvas:
      0
    }
  }
}
