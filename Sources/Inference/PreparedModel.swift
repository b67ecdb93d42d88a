import Kernels
import Networks
import Synchronization
import Tensors

/// A model whose parameters are checked, and whose weights are kept in the forms that the kernels read.
///
/// Each form is made once, when the first plan asks for it, and shared by all plans, whatever their sizes. Safe to use
/// from several threads.
public final class PreparedModel: Sendable {
  /// The architecture.
  public let definition: NetworkDefinition
  private let parameters: [String: Tensor]
  private let preparedWeights = Mutex<[WeightForm: Tensor]>([:])

  private struct WeightForm: Hashable {
    let layer: String
    let algorithm: ConvolutionAlgorithm
  }

  /// Checks `model`; throws ``InferenceError`` where a parameter of a layer is missing or has another shape.
  public init(_ model: StyleModel) throws {
    for specification in model.definition.parameters {
      guard let tensor = model.parameters[specification.name] else {
        throw InferenceError.missingParameter(name: specification.name, shape: specification.shape)
      }
      guard tensor.shape.dimensions == specification.shape else {
        throw InferenceError.wrongShape(
          name: specification.name, found: tensor.shape.dimensions, expected: specification.shape)
      }
    }
    definition = model.definition
    parameters = model.parameters
  }

  /// A parameter as the model has it.
  func parameter(_ name: String) throws -> Tensor {
    guard let tensor = parameters[name] else { throw InferenceError.missingParameter(name: name, shape: []) }
    return tensor
  }

  /// The weight of `layer` in the form that `convolution` reads.
  func weight(of layer: String, for convolution: Convolution2D) throws -> Tensor {
    let weight = try parameter(layer + ".weight")
    return preparedWeights.withLock { prepared in
      let form = WeightForm(layer: layer, algorithm: convolution.algorithm)
      if let tensor = prepared[form] { return tensor }
      let tensor = Tensor(Shape([convolution.preparedWeightCount]), zeroed: false)
      convolution.prepareWeight(weight.pointer, into: tensor.pointer)
      prepared[form] = tensor
      return tensor
    }
  }
}
