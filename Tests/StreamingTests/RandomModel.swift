import Inference
import Networks
import Tensors
import TestSupport

/// The smallest Johnson network with random weights, ready for engines.
func randomModel(seed: UInt64) throws -> PreparedModel {
  let definition = try NetworkDefinition.named("johnson", width: 0.125)
  var random = Random(seed: seed)
  var parameters: [String: Tensor] = [:]
  for specification in definition.parameters {
    let shape = Shape(specification.shape)
    parameters[specification.name] = Tensor(shape, elements: random.uniform(count: shape.count, in: -0.3...0.3))
  }
  return try PreparedModel(StyleModel(definition: definition, parameters: parameters, style: "random"))
}
