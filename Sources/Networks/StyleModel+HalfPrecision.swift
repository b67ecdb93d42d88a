import Tensors

extension StyleModel {
  /// The names of the convolution weights, `[O, I, k, k]`, which make up nearly all of a model.
  ///
  /// Only these are stored in half precision. Biases, norms and statistics would save little space, and the variance of
  /// raw pixels can exceed the range of half precision.
  var convolutionWeights: [String] { definition.parameters.lazy.filter { $0.shape.count == 4 }.map(\.name) }

  /// This model with convolution weights rounded to the nearest half-precision numbers, with eleven significant bits;
  /// nil if a weight exceeds their range, ±65504.
  public var inHalfPrecision: StyleModel? {
    var rounded = parameters
    for name in convolutionWeights {
      guard let tensor = parameters[name] else { continue }
      let elements = tensor.buffer.map { Float(Float16($0)) }
      guard elements.allSatisfy(\.isFinite) else { return nil }
      rounded[name] = Tensor(tensor.shape, elements: elements)
    }
    return StyleModel(definition: definition, parameters: rounded, style: style, metadata: metadata)
  }
}
