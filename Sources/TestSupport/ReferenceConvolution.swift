import Tensors

extension Reference {
  /// The content of the border.
  package enum Padding: Hashable, Sendable, CaseIterable {
    /// Zeros.
    case zero
    /// The image mirrored about its edge pixel, which is not repeated: `3 2 1 | 0 1 2 3`. A border wider than the image
    /// is mirrored again at the other edge. An image of one pixel is repeated.
    case reflection
    /// The edge pixel repeated.
    case replication

    /// Returns the image coordinate for the coordinate `index` of the unbounded plane; nil for a zero.
    func source(of index: Int, extent: Int) -> Int? {
      if index >= 0 && index < extent { return index }
      switch self {
      case .zero: return nil
      case .reflection:
        guard extent > 1 else { return 0 }
        return source(of: index < 0 ? -index : 2 * (extent - 1) - index, extent: extent)
      case .replication: return index < 0 ? 0 : extent - 1
      }
    }
  }

  /// The geometry of a convolution, apart from the shape of its weight.
  package struct ConvolutionGeometry: Hashable, Sendable {
    /// The stride along both axes.
    package let stride: Int
    /// The width of the border on each side.
    package let padding: Int
    /// The content of the border.
    package let mode: Padding

    /// Creates a geometry.
    package init(stride: Int = 1, padding: Int = 0, mode: Padding = .zero) {
      self.stride = stride
      self.padding = padding
      self.mode = mode
    }

    /// Returns the output extent `⌊(extent + 2·padding − kernel) / stride⌋ + 1`.
    package func outputExtent(of extent: Int, kernel: Int) -> Int { (extent + 2 * padding - kernel) / stride + 1 }
  }

  /// Convolution: `y[n, h, w, o] = b[o] + Σ x[n, h·s + i − p, w·s + j − p, c] · W[o, c, i, j]`, a cross-correlation as
  /// in PyTorch.
  ///
  /// `input` is `[N, H, W, I]`, `weight` is `[O, I, Kh, Kw]`, `bias` is `[O]` or nil for none.
  package static func convolution(
    _ input: ReferenceTensor, weight: ReferenceTensor, bias: ReferenceTensor?, geometry: ConvolutionGeometry
  ) -> ReferenceTensor {
    var output = ReferenceTensor(convolutionShape(input.shape, weight: weight.shape, geometry: geometry))
    forEachProduct(input.shape, weight.shape, output.shape, geometry) { image, target, source, channels, tap in
      output[image, target.y, target.x, channels.output] +=
        input[image, source.y, source.x, channels.input] * weight[channels.output, channels.input, tap.y, tap.x]
    }
    guard let bias else { return output }
    for index in output.elements.indices {
      output.elements[index] += bias.elements[index % bias.shape.count]
    }
    return output
  }

  /// The gradients of a convolution with respect to its input, weight and bias, given the gradient of its output.
  package static func convolutionBackward(
    _ gradient: ReferenceTensor, input: ReferenceTensor, weight: ReferenceTensor, geometry: ConvolutionGeometry
  ) -> (input: ReferenceTensor, weight: ReferenceTensor, bias: ReferenceTensor) {
    precondition(gradient.shape == convolutionShape(input.shape, weight: weight.shape, geometry: geometry))
    var inputGradient = ReferenceTensor(input.shape)
    var weightGradient = ReferenceTensor(weight.shape)
    var biasGradient = ReferenceTensor(Shape([gradient.shape.channels]))
    forEachProduct(input.shape, weight.shape, gradient.shape, geometry) { image, target, source, channels, tap in
      let outer = gradient[image, target.y, target.x, channels.output]
      inputGradient[image, source.y, source.x, channels.input] +=
        outer * weight[channels.output, channels.input, tap.y, tap.x]
      weightGradient[channels.output, channels.input, tap.y, tap.x] +=
        outer * input[image, source.y, source.x, channels.input]
    }
    for index in gradient.elements.indices {
      biasGradient.elements[index % gradient.shape.channels] += gradient.elements[index]
    }
    return (inputGradient, weightGradient, biasGradient)
  }

  /// The output shape `[N, Ho, Wo, O]`.
  package static func convolutionShape(_ input: Shape, weight: Shape, geometry: ConvolutionGeometry) -> Shape {
    precondition(input.rank == 4 && weight.rank == 4 && weight.dimensions[1] == input.channels)
    return Shape(
      batch: input.batch,
      height: geometry.outputExtent(of: input.height, kernel: weight.dimensions[2]),
      width: geometry.outputExtent(of: input.width, kernel: weight.dimensions[3]),
      channels: weight.dimensions[0])
  }

  private typealias Position = (y: Int, x: Int)

  /// Calls `body` for every product in the sum of the convolution, except for products with a zero of the padding.
  private static func forEachProduct(
    _ input: Shape, _ weight: Shape, _ output: Shape, _ geometry: ConvolutionGeometry,
    body: (
      _ image: Int, _ target: Position, _ source: Position, _ channels: (output: Int, input: Int), _ tap: Position
    ) -> Void
  ) {
    for image in 0..<output.batch {
      for targetY in 0..<output.height {
        for targetX in 0..<output.width {
          for tapY in 0..<weight.dimensions[2] {
            for tapX in 0..<weight.dimensions[3] {
              let y = targetY * geometry.stride + tapY - geometry.padding
              let x = targetX * geometry.stride + tapX - geometry.padding
              guard let sourceY = geometry.mode.source(of: y, extent: input.height),
                let sourceX = geometry.mode.source(of: x, extent: input.width)
              else { continue }
              for outputChannel in 0..<output.channels {
                for inputChannel in 0..<input.channels {
                  body(
                    image, (targetY, targetX), (sourceY, sourceX), (outputChannel, inputChannel), (tapY, tapX))
                }
              }
            }
          }
        }
      }
    }
  }
}
