import Inference
import Networks
import Tensors
import TestSupport

/// The smallest Johnson network with random weights, or another network, ready for engines.
func randomModel(seed: UInt64, network: String? = nil) throws -> PreparedModel {
  let definition = try network.map { try NetworkDefinition.named($0) } ?? .named("johnson", width: 0.125)
  var random = Random(seed: seed)
  var parameters: [String: Tensor] = [:]
  for specification in definition.parameters {
    let shape = Shape(specification.shape)
    parameters[specification.name] = Tensor(shape, elements: random.uniform(count: shape.count, in: -0.3...0.3))
  }
  return try PreparedModel(StyleModel(definition: definition, parameters: parameters, style: "random"))
}

/// A small network on a canvas of 96 lines: large strokes have one of 69, small ones of 134.
let canvasNetwork = "dense:channels=4-4-8,detail=0,blocks=1,norm=instance,canvas=96,revision=4"
