import Networks
import Tensors

/// Returns a model with random parameters, the same for the same seed.
///
/// Weights and biases of convolutions are uniform in ±1/√fanIn. Parameters that start from a constant, such as a norm's
/// γ and β, are uniform within 0.3 of it, so that a test notices an implementation that ignores or confuses them.
///
/// - Parameter range: The range of all parameters, in place of the ranges above.
public func randomModel(
  _ definition: NetworkDefinition, seed: UInt64 = 1, range: ClosedRange<Float>? = nil
) -> StyleModel {
  var random = Random(seed: seed)
  var parameters: [String: Tensor] = [:]
  for specification in definition.parameters {
    let usual: ClosedRange<Float>
    switch specification.initialization {
    case .uniform(let fanIn), .interpolation(_, let fanIn):
      usual = -1 / Float(fanIn).squareRoot()...1 / Float(fanIn).squareRoot()
    case .constant(let value): usual = value - 0.3...value + 0.3
    }
    parameters[specification.name] = random.tensor(Shape(specification.shape), in: range ?? usual)
  }
  return StyleModel(definition: definition, parameters: parameters, style: "random")
}

/// Returns a small model for tests of programs and streams, with all parameters uniform in ±0.3.
///
/// Pictures painted with it have strong contrasts, so they differ clearly from the source.
///
/// - Parameters:
///   - seed: The seed of the parameters.
///   - network: The network's name or description; nil for the smallest Johnson network.
/// - Throws: `ModelError` if there is no network of this name.
public func randomModel(seed: UInt64, network: String? = nil) throws -> StyleModel {
  let definition = try network.map { try NetworkDefinition.named($0) } ?? .named("johnson", width: 0.125)
  return randomModel(definition, seed: seed, range: -0.3...0.3)
}

/// The description of a small network on a canvas of 96 lines. Large strokes use a canvas of 69 lines, small ones one
/// of 134.
package let canvasNetwork = "dense:channels=4-4-8,detail=0,blocks=1,norm=instance,canvas=96,revision=4"
