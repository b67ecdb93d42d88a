import Networks
import Tensors
import TestSupport

/// The smallest Johnson network with random weights: it paints nothing one would like to see, but paints quickly.
func randomModel(seed: UInt64) throws -> StyleModel {
  let definition = try NetworkDefinition.named("johnson", width: 0.125)
  var random = Random(seed: seed)
  var parameters: [String: Tensor] = [:]
  for specification in definition.parameters {
    let shape = Shape(specification.shape)
    let elements = random.uniform(count: shape.count, in: -0.3...0.3)
    parameters[specification.name] = Tensor(shape, elements: elements)
  }
  return StyleModel(definition: definition, parameters: parameters, style: "random")
}
