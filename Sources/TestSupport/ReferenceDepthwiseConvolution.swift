import Tensors

extension Reference {
  /// Depthwise convolution: `y[n, h, w, c] = b[c] + Σ x[n, h·s + i − p, w·s + j − p, c] · W[c, 0, i, j]`, as in PyTorch
  /// with as many groups as channels.
  ///
  /// `input` is `[N, H, W, C]`, `weight` is `[C, 1, Kh, Kw]`, `bias` is `[C]` or nil for none.
  package static func depthwiseConvolution(
    _ input: ReferenceTensor, weight: ReferenceTensor, bias: ReferenceTensor?, geometry: ConvolutionGeometry
  ) -> ReferenceTensor {
    let shape = input.shape
    let taps = weight.elements.count / shape.channels
    let kernel = weight.shape.dimensions[2]
    let results = (0..<shape.channels).map { channel in
      convolution(
        ReferenceTensor(
          Shape(batch: shape.batch, height: shape.height, width: shape.width, channels: 1),
          elements: stride(from: channel, to: input.elements.count, by: shape.channels).map { input.elements[$0] }),
        weight: ReferenceTensor(
          Shape([1, 1, kernel, taps / kernel]), elements: Array(weight.elements[channel * taps..<(channel + 1) * taps])),
        bias: bias.map { ReferenceTensor(Shape([1]), elements: [$0.elements[channel]]) }, geometry: geometry)
    }
    let single = results[0].shape
    var output = ReferenceTensor(
      Shape(batch: single.batch, height: single.height, width: single.width, channels: shape.channels))
    for (channel, result) in results.enumerated() {
      for (index, value) in result.elements.enumerated() { output.elements[index * shape.channels + channel] = value }
    }
    return output
  }

  /// The gradients of a depthwise convolution with respect to its input, weight and bias, given the gradient of its
  /// output.
  package static func depthwiseConvolutionBackward(
    _ gradient: ReferenceTensor, input: ReferenceTensor, weight: ReferenceTensor, geometry: ConvolutionGeometry
  ) -> (input: ReferenceTensor, weight: ReferenceTensor, bias: ReferenceTensor) {
    let dense = convolutionBackward(gradient, input: input, weight: expanded(weight), geometry: geometry)
    var weightGradient = ReferenceTensor(weight.shape)
    let taps = weight.shape.dimensions[2] * weight.shape.dimensions[3]
    let channels = weight.shape.dimensions[0]
    for channel in 0..<channels {
      for tap in 0..<taps {
        weightGradient.elements[channel * taps + tap] =
          dense.weight.elements[(channel * channels + channel) * taps + tap]
      }
    }
    return (dense.input, weightGradient, dense.bias)
  }

  /// The weight `[C, C, Kh, Kw]` of the equivalent dense convolution, which is zero between different channels.
  private static func expanded(_ weight: ReferenceTensor) -> ReferenceTensor {
    let extents = weight.shape.dimensions
    let channels = extents[0]
    let taps = extents[2] * extents[3]
    var dense = ReferenceTensor(Shape([channels, channels, extents[2], extents[3]]))
    for channel in 0..<channels {
      for tap in 0..<taps {
        dense.elements[(channel * channels + channel) * taps + tap] = weight.elements[channel * taps + tap]
      }
    }
    return dense
  }
}
