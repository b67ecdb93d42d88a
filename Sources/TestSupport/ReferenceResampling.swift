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
