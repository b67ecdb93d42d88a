import Tensors

extension StyleModel {
  /// The names of the weights of convolutions, `[O, I, k, k]`: nearly all of a model.
  ///
  /// Half precision is for these alone. Biases, norms and statistics would save little, and a variance of raw pixels can lie
  /// beyond its range.
  var convolutionWeights: [String] { definition.parameters.lazy.filter { $0.shape.count == 4 }.map(\.name) }

  /// This model with each convolution's weights rounded to the nearest half-precision numbers, eleven significant bits; nil where
  /// one is beyond their range, ±65504.
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
