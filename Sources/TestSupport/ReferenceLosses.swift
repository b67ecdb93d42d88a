import Tensors

extension Reference {
  /// The Gram matrices `G[n, i, j] = Σ F[n, h, w, i] · F[n, h, w, j] / (C·H·W)` of `[N, H, W, C]`, as `[N, C, C]`.
  package static func gram(_ features: ReferenceTensor) -> ReferenceTensor {
    let shape = features.shape
    let positions = shape.height * shape.width
    let channels = shape.channels
    var matrices = ReferenceTensor(Shape([shape.batch, channels, channels]))
    for image in 0..<shape.batch {
      for row in 0..<channels {
        for column in 0..<channels {
          var sum = 0.0
          for position in 0..<positions {
            let start = (image * positions + position) * channels
            sum += features.elements[start + row] * features.elements[start + column]
          }
          matrices.elements[(image * channels + row) * channels + column] = sum / Double(channels * positions)
        }
      }
    }
    return matrices
  }

  /// The gradient of ``gram(_:)``: `∂F[h, w, i] = Σ_j (g[i, j] + g[j, i]) · F[h, w, j] / (C·H·W)`, image by image.
  package static func gramBackward(_ gradient: ReferenceTensor, features: ReferenceTensor) -> ReferenceTensor {
    let shape = features.shape
    let positions = shape.height * shape.width
    let channels = shape.channels
    var featureGradient = ReferenceTensor(shape)
    for image in 0..<shape.batch {
      let matrix = image * channels * channels
      for position in 0..<positions {
        let start = (image * positions + position) * channels
        for row in 0..<channels {
          var sum = 0.0
          for column in 0..<channels {
            let weight =
              gradient.elements[matrix + row * channels + column] + gradient.elements[matrix + column * channels + row]
            sum += weight * features.elements[start + column]
          }
          featureGradient.elements[start + row] = sum / Double(channels * positions)
        }
      }
    }
    return featureGradient
  }

  /// Mean squared error: `Σ (a − b)² / count` over all elements, including the batch.
  package static func meanSquaredError(_ first: ReferenceTensor, _ second: ReferenceTensor) -> Double {
    precondition(first.shape == second.shape)
    let sum = zip(first.elements, second.elements).map { ($0 - $1) * ($0 - $1) }.reduce(0, +)
    return sum / Double(first.shape.count)
  }

  /// The gradient of ``meanSquaredError(_:_:)`` with respect to its first argument: `2·(a − b) / count`.
  package static func meanSquaredErrorBackward(
    _ first: ReferenceTensor, _ second: ReferenceTensor
  ) -> ReferenceTensor {
    let scale = 2 / Double(first.shape.count)
    return ReferenceTensor(first.shape, elements: zip(first.elements, second.elements).map { scale * ($0 - $1) })
  }

  /// Total variation: `Σ (x[h, w+1] − x[h, w])² + Σ (x[h+1, w] − x[h, w])²` over all pairs of neighbours, channels and
  /// images. A sum, not a mean.
  package static func totalVariation(_ image: ReferenceTensor) -> Double {
    var sum = 0.0
    forEachNeighbourPair(image.shape) { first, second in
      let difference = image.elements[second] - image.elements[first]
      sum += difference * difference
    }
    return sum
  }

  /// The gradient of ``totalVariation(_:)``: each pair adds `±2·difference` to its two elements.
  package static func totalVariationBackward(_ image: ReferenceTensor) -> ReferenceTensor {
    var gradient = ReferenceTensor(image.shape)
    forEachNeighbourPair(image.shape) { first, second in
      let difference = image.elements[second] - image.elements[first]
      gradient.elements[second] += 2 * difference
      gradient.elements[first] -= 2 * difference
    }
    return gradient
  }

  /// Calls `body` with the offsets of all pairs of horizontally or vertically adjacent elements of one channel.
  private static func forEachNeighbourPair(_ shape: Shape, body: (_ first: Int, _ second: Int) -> Void) {
    let row = shape.width * shape.channels
    for line in 0..<shape.batch * shape.height {
      for index in 0..<row {
        let offset = line * row + index
        if index + shape.channels < row { body(offset, offset + shape.channels) }
        if line % shape.height + 1 < shape.height { body(offset, offset + row) }
      }
    }
  }
}
