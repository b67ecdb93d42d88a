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

  /// A parameter in the form that one kernel reads.
  private struct WeightForm: Hashable {
    enum Kernel: Hashable {
      case convolution(FusedAlgorithm)
      case fromPicture
      case toPicture
      /// Zeros behind the parameter's own values.
      case padded
    }

    let parameter: String
    let kernel: Kernel
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

  private func parameter(_ name: String) throws -> Tensor {
    guard let tensor = parameters[name] else { throw InferenceError.missingParameter(name: name, shape: []) }
    return tensor
  }

  /// The weight of `layer` in the form that `convolution` reads.
  func weight(of layer: String, for convolution: FusedConvolution) throws -> Tensor {
    try packed(
      layer, .convolution(convolution.algorithm), count: convolution.packedWeightCount, convolution.packWeight)
  }

  /// The weight of `layer` in the form that ``FusedPictureConvolution`` reads.
  func pictureWeight(of layer: String, _ geometry: ConvolutionGeometry) throws -> Tensor {
    try packed(layer, .fromPicture, count: FusedPictureConvolution.packedWeightCount(geometry)) {
      FusedPictureConvolution.packWeight($0, geometry, into: $1)
    }
  }

  /// The weight of `layer` in the form that ``FusedConvolutionToPicture`` reads.
  func weightToPicture(of layer: String, _ geometry: ConvolutionGeometry) throws -> Tensor {
    try packed(layer, .toPicture, count: FusedConvolutionToPicture.packedWeightCount(geometry)) {
      FusedConvolutionToPicture.packWeight($0, geometry, into: $1)
    }
  }

  /// The parameter `name`, one value a channel, continued with zeros to `count` values.
  func vector(_ name: String, count: Int) throws -> Tensor {
    let values = try parameter(name)
    return prepared(WeightForm(parameter: name, kernel: .padded), count: count) { tensor in
      tensor.pointer.update(repeating: 0, count: count)
      tensor.pointer.update(from: values.pointer, count: min(count, values.count))
    }
  }

  private func packed(
    _ layer: String, _ kernel: WeightForm.Kernel, count: Int,
    _ pack: (FilterWeight, UnsafeMutablePointer<Float>) -> Void
  ) throws -> Tensor {
    let name = layer + ".weight"
    let weight = try parameter(name)
    let shape = weight.shape.dimensions
    return prepared(WeightForm(parameter: name, kernel: kernel), count: count) { tensor in
      withExtendedLifetime(weight) {
        pack(
          FilterWeight(weight.pointer, outputChannels: shape[0], inputChannels: shape[1], kernel: shape[2]),
          tensor.pointer)
      }
    }
  }

  private func prepared(_ form: WeightForm, count: Int, _ fill: (Tensor) -> Void) -> Tensor {
    preparedWeights.withLock { prepared in
      if let tensor = prepared[form] { return tensor }
      let tensor = Tensor(Shape([count]), zeroed: false)
      fill(tensor)
      prepared[form] = tensor
      return tensor
    }
  }
}
