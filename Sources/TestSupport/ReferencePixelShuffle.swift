import Tensors

extension Reference {
  /// Pixel shuffle: `y[n, h·r + i, w·r + j, c] = x[n, h, w, c·r² + i·r + j]`, `[N, H, W, C·r²]` → `[N, H·r, W·r, C]`.
  package static func pixelShuffle(_ input: ReferenceTensor, factor: Int) -> ReferenceTensor {
    let shape = input.shape
    var output = ReferenceTensor(
      Shape(
        batch: shape.batch, height: shape.height * factor, width: shape.width * factor,
        channels: shape.channels / (factor * factor)))
    for image in 0..<output.shape.batch {
      for y in 0..<output.shape.height {
        for x in 0..<output.shape.width {
          for channel in 0..<output.shape.channels {
            let source = (channel * factor + y % factor) * factor + x % factor
            output[image, y, x, channel] = input[image, y / factor, x / factor, source]
          }
        }
      }
    }
    return output
  }

  /// The inverse of ``pixelShuffle(_:factor:)``: `[N, H·r, W·r, C]` → `[N, H, W, C·r²]`.
  package static func pixelUnshuffle(_ input: ReferenceTensor, factor: Int) -> ReferenceTensor {
    let shape = input.shape
    var output = ReferenceTensor(
      Shape(
        batch: shape.batch, height: shape.height / factor, width: shape.width / factor,
        channels: shape.channels * factor * factor))
    for image in 0..<shape.batch {
      for y in 0..<shape.height {
        for x in 0..<shape.width {
          for channel in 0..<shape.channels {
            let target = (channel * factor + y % factor) * factor + x % factor
            output[image, y / factor, x / factor, target] = input[image, y, x, channel]
          }
        }
      }
    }
    return output
  }
}
