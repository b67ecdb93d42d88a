import Kernels
import Tensors

/// `scale · x + shift` for each channel.
struct ChannelMap {
  let scale: [Double]
  let shift: [Double]

  init(scale: [Double], shift: [Double]) {
    self.scale = scale
    self.shift = shift
  }

  /// Creates the map of a batch norm with stored statistics: `γ·(x − μ)/√(σ² + ε) + β`, with ε as in
  /// ``InstanceNorm/epsilon``.
  init(gamma: [Float], beta: [Float], mean: [Float], variance: [Float]) {
    scale = zip(gamma, variance).map { gamma, variance in
      Double(gamma) / (Double(variance) + Double(InstanceNorm.epsilon)).squareRoot()
    }
    shift = zip(beta, zip(mean, scale)).map { beta, pair in Double(beta) - Double(pair.0) * pair.1 }
  }
}

/// A convolution's weight and bias with the maps before and after it folded in: the same convolution with other values.
struct FoldedFilter {
  /// The weight, `[O, I, k, k]`.
  private let weight: [Float]
  private let shape: [Int]
  /// The bias, `[O]`.
  let bias: [Float]

  /// Folds `s·(W·(a·x + o) + b) + t = (s·a·W)·x + s·(b + o·Σ W) + t`, where `affine` is `a`, `o` and `map` is `s`, `t`.
  ///
  /// This is exact for padding by reflection and by repetition, which commute with the map of the picture.
  init(weight: Tensor, bias: [Float], affine: PictureAffine, behind map: ChannelMap?) {
    shape = weight.shape.dimensions
    guard affine != .identity || map != nil else {
      self.weight = weight.elements
      self.bias = bias
      return
    }
    var values = weight.elements
    var biases = bias
    let taps = values.count / max(1, shape[0])
    for output in 0..<shape[0] {
      let (scale, shift) = (map?.scale[output] ?? 1, map?.shift[output] ?? 0)
      var sum = 0.0
      for index in output * taps..<(output + 1) * taps {
        sum += Double(values[index])
        values[index] = Float(Double(values[index]) * scale * Double(affine.scale))
      }
      biases[output] = Float(scale * (Double(bias[output]) + Double(affine.offset) * sum) + shift)
    }
    self.weight = values
    self.bias = biases
  }

  /// Calls `body` with the weights from which kernels pack theirs.
  static func withWeights(
    of filters: ArraySlice<FoldedFilter>, _ known: [FilterWeight] = [], _ body: ([FilterWeight]) -> Void
  ) {
    guard let filter = filters.first else { return body(known) }
    filter.weight.withUnsafeBufferPointer { weight in
      filter.bias.withUnsafeBufferPointer { bias in
        guard let values = weight.baseAddress else { return }
        let next = FilterWeight(
          values, outputChannels: filter.shape[0], inputChannels: filter.shape[1], kernel: filter.shape[2],
          bias: bias.baseAddress)
        withWeights(of: filters.dropFirst(), known + [next], body)
      }
    }
  }
}
