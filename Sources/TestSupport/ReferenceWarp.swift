import Tensors

extension Reference {
  /// Samples `input` at `positions` with Keys' cubic kernel, a = −1/2.
  ///
  /// `input` is `[N, H, W, C]`, `positions` is `[N, Ho, Wo, 2]` with (x, y). Outside the image, the border pixels
  /// repeat.
  package static func warp(_ input: ReferenceTensor, positions: ReferenceTensor) -> ReferenceTensor {
    var output = ReferenceTensor(warpedShape(input.shape, positions.shape))
    forEachTap(input.shape, positions) { image, target, source, weight in
      for channel in 0..<input.shape.channels {
        output[image, target.y, target.x, channel] += weight * input[image, source.y, source.x, channel]
      }
    }
    return output
  }

  /// The gradient of ``warp(_:positions:)`` with respect to an input of `shape`.
  package static func warpBackward(
    _ gradient: ReferenceTensor, positions: ReferenceTensor, shape: Shape
  ) -> ReferenceTensor {
    var inputGradient = ReferenceTensor(shape)
    forEachTap(shape, positions) { image, target, source, weight in
      for channel in 0..<shape.channels {
        inputGradient[image, source.y, source.x, channel] += weight * gradient[image, target.y, target.x, channel]
      }
    }
    return inputGradient
  }

  private static func warpedShape(_ input: Shape, _ positions: Shape) -> Shape {
    Shape(batch: input.batch, height: positions.height, width: positions.width, channels: input.channels)
  }

  /// Keys' kernel: 1.5|t|³ − 2.5|t|² + 1 for |t| < 1, −0.5|t|³ + 2.5|t|² − 4|t| + 2 for |t| < 2.
  private static func kernel(_ distance: Double) -> Double {
    let t = abs(distance)
    if t < 1 { return (1.5 * t - 2.5) * t * t + 1 }
    return t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0
  }

  private static func forEachTap(
    _ shape: Shape, _ positions: ReferenceTensor,
    _ body: (_ image: Int, _ target: (y: Int, x: Int), _ source: (y: Int, x: Int), _ weight: Double) -> Void
  ) {
    for image in 0..<shape.batch {
      for y in 0..<positions.shape.height {
        for x in 0..<positions.shape.width {
          let (column, row) = (positions[image, y, x, 0], positions[image, y, x, 1])
          for i in Int(row.rounded(.down)) - 1...Int(row.rounded(.down)) + 2 {
            for j in Int(column.rounded(.down)) - 1...Int(column.rounded(.down)) + 2 {
              let source = (y: min(max(i, 0), shape.height - 1), x: min(max(j, 0), shape.width - 1))
              body(image, (y, x), source, kernel(row - Double(i)) * kernel(column - Double(j)))
            }
          }
        }
      }
    }
  }
}
