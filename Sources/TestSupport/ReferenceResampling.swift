import Tensors

extension Reference {
  /// Max pooling: the maximum of each 2×2 block. An odd last row or column is dropped, as in VGG.
  ///
  /// `input` is `[N, H, W, C]`, the output is `[N, ⌊H/2⌋, ⌊W/2⌋, C]`.
  package static func maxPool(_ input: ReferenceTensor) -> ReferenceTensor {
    var output = ReferenceTensor(pooledShape(input.shape))
    forEachElement(output.shape) { image, y, x, channel in
      let winner = poolWinner(input, image, y, x, channel)
      output[image, y, x, channel] = input[image, winner.y, winner.x, channel]
    }
    return output
  }

  /// The gradient of ``maxPool(_:)``: the gradient of each output goes to the maximum of its block, or to the first one
  /// in reading order if there are several, as in PyTorch.
  package static func maxPoolBackward(_ gradient: ReferenceTensor, input: ReferenceTensor) -> ReferenceTensor {
    precondition(gradient.shape == pooledShape(input.shape))
    var inputGradient = ReferenceTensor(input.shape)
    forEachElement(gradient.shape) { image, y, x, channel in
      let winner = poolWinner(input, image, y, x, channel)
      inputGradient[image, winner.y, winner.x, channel] += gradient[image, y, x, channel]
    }
    return inputGradient
  }

  /// Nearest-neighbour upsampling by 2: `y[n, h, w, c] = x[n, ⌊h/2⌋, ⌊w/2⌋, c]`, `[N, H, W, C]` → `[N, 2H, 2W, C]`.
  package static func upsampleNearest(_ input: ReferenceTensor) -> ReferenceTensor {
    let shape = input.shape
    var output = ReferenceTensor(
      Shape(batch: shape.batch, height: 2 * shape.height, width: 2 * shape.width, channels: shape.channels))
    forEachElement(output.shape) { image, y, x, channel in
      output[image, y, x, channel] = input[image, y / 2, x / 2, channel]
    }
    return output
  }

  /// The gradient of ``upsampleNearest(_:)``: the sum over each 2×2 block.
  package static func upsampleNearestBackward(_ gradient: ReferenceTensor) -> ReferenceTensor {
    let shape = gradient.shape
    precondition(shape.height % 2 == 0 && shape.width % 2 == 0)
    var inputGradient = ReferenceTensor(
      Shape(batch: shape.batch, height: shape.height / 2, width: shape.width / 2, channels: shape.channels))
    forEachElement(shape) { image, y, x, channel in
      inputGradient[image, y / 2, x / 2, channel] += gradient[image, y, x, channel]
    }
    return inputGradient
  }

  /// 2×2 average pooling with stride 2. An odd last row or column is dropped.
  package static func averagePool(_ input: ReferenceTensor) -> ReferenceTensor {
    let shape = input.shape
    var output = ReferenceTensor(
      Shape(batch: shape.batch, height: shape.height / 2, width: shape.width / 2, channels: shape.channels))
    forEachElement(output.shape) { image, y, x, channel in
      for (dy, dx) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        output[image, y, x, channel] += input[image, 2 * y + dy, 2 * x + dx, channel] / 4
      }
    }
    return output
  }

  /// The gradient of ``averagePool(_:)`` for inputs of `shape`.
  package static func averagePoolBackward(_ gradient: ReferenceTensor, shape: Shape) -> ReferenceTensor {
    var inputGradient = ReferenceTensor(shape)
    forEachElement(gradient.shape) { image, y, x, channel in
      for (dy, dx) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        inputGradient[image, 2 * y + dy, 2 * x + dx, channel] = gradient[image, y, x, channel] / 4
      }
    }
    return inputGradient
  }

  /// Returns the input position of the maximum of the block for output `[image, y, x, channel]`.
  private static func poolWinner(
    _ input: ReferenceTensor, _ image: Int, _ y: Int, _ x: Int, _ channel: Int
  ) -> (y: Int, x: Int) {
    var winner = (y: 2 * y, x: 2 * x)
    for candidateY in 2 * y...2 * y + 1 {
      for candidateX in 2 * x...2 * x + 1
      where input[image, candidateY, candidateX, channel] > input[image, winner.y, winner.x, channel] {
        winner = (candidateY, candidateX)
      }
    }
    return winner
  }

  private static func pooledShape(_ input: Shape) -> Shape {
    Shape(batch: input.batch, height: input.height / 2, width: input.width / 2, channels: input.channels)
  }

  private static func forEachElement(_ shape: Shape, body: (_ image: Int, _ y: Int, _ x: Int, _ channel: Int) -> Void) {
    for image in 0..<shape.batch {
      for y in 0..<shape.height {
        for x in 0..<shape.width {
          for channel in 0..<shape.channels { body(image, y, x, channel) }
        }
      }
    }
  }
}

extension Reference {
  /// Bilinear enlargement by 2. Along each axis, output `i` of `2·n` is at `i·(n − 1)/(2·n − 1)` with aligned corners,
  /// otherwise at `(i + 1/2)/2 − 1/2`, clamped to the ends.
  package static func upsampleLinear(_ input: ReferenceTensor, alignsCorners: Bool) -> ReferenceTensor {
    let shape = input.shape
    var output = ReferenceTensor(
      Shape(batch: shape.batch, height: 2 * shape.height, width: 2 * shape.width, channels: shape.channels))
    func places(_ index: Int, _ extent: Int) -> (lower: Int, upper: Int, share: Double) {
      let position =
        alignsCorners
        ? Double(index * (extent - 1)) / Double(2 * extent - 1)
        : min(max(Double(index) / 2 - 0.25, 0), Double(extent - 1))
      let lower = Int(position.rounded(.down))
      return (lower, min(lower + 1, extent - 1), position - Double(lower))
    }
    for image in 0..<shape.batch {
      for y in 0..<2 * shape.height {
        for x in 0..<2 * shape.width {
          let (row, column) = (places(y, shape.height), places(x, shape.width))
          for channel in 0..<shape.channels {
            func along(_ y: Int) -> Double {
              (1 - column.share) * input[image, y, column.lower, channel]
                + column.share * input[image, y, column.upper, channel]
            }
            output[image, y, x, channel] = (1 - row.share) * along(row.lower) + row.share * along(row.upper)
          }
        }
      }
    }
    return output
  }

  /// The channels of `first` followed by those of `second`.
  package static func concatenation(_ first: ReferenceTensor, _ second: ReferenceTensor) -> ReferenceTensor {
    let (shape, channels) = (first.shape, first.shape.channels + second.shape.channels)
    var output = ReferenceTensor(
      Shape(batch: shape.batch, height: shape.height, width: shape.width, channels: channels))
    for pixel in 0..<shape.batch * shape.height * shape.width {
      for channel in 0..<channels {
        output.elements[pixel * channels + channel] =
          channel < shape.channels
          ? first.elements[pixel * shape.channels + channel]
          : second.elements[pixel * second.shape.channels + channel - shape.channels]
      }
    }
    return output
  }

  /// `x` where it is positive, else the channel's slope times `x`.
  package static func parametricReLU(_ input: ReferenceTensor, slopes: ReferenceTensor) -> ReferenceTensor {
    var output = input
    for (index, value) in input.elements.enumerated() where value <= 0 {
      output.elements[index] = slopes.elements[index % slopes.elements.count] * value
    }
    return output
  }
}
