import Kernels
import Networks
import Synchronization
import Tensors

/// A model with checked parameters, whose weights are kept in the formats of the kernels.
///
/// Each format is created once, when the first plan needs it, and shared by all plans of any size. Safe to use from
/// several threads.
public final class PreparedModel: Sendable {
  /// The architecture.
  public let definition: NetworkDefinition
  private let parameters: [String: Tensor]
  private let preparedWeights = Mutex<[WeightForm: Tensor]>([:])

  /// A format of parameters for a kernel.
  private enum WeightForm: Hashable {
    case packed([LoweredFilter], kernel: ObjectIdentifier)
    case bias(LoweredFilter)
    case revision(LoweredRevision)
    /// The parameter itself, padded with zeros.
    case padded(String)
  }

  /// Checks the parameters of `model`.
  ///
  /// - Throws: ``InferenceError`` if a parameter of a layer is missing or has a different shape.
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

  // MARK: Weights

  /// Returns the weights of `filters`, whose layers `kernel` computes, packed for it.
  func weight(of filters: [LoweredFilter], for kernel: some ConvolutionKernel) throws -> Tensor {
    let folded = try filters.map(folded)
    return prepared(
      .packed(filters, kernel: ObjectIdentifier(type(of: kernel))), count: kernel.packedWeightCount
    ) { tensor in
      FoldedFilter.withWeights(of: folded[...]) { kernel.packWeights($0, into: tensor.pointer, pool: nil) }
    }
  }

  /// Returns the weights of a revision, packed for `pass`; a single unused value if there are none.
  func weight(of revision: LoweredRevision, for pass: RevisionPass) throws -> Tensor {
    guard revision.channels > 0 else { return prepared(.revision(revision), count: 1) { Self.fill($0, []) } }
    let names = ["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"]
    let tensors = try names.map { try parameter("\(revision.layer).\($0)") }
    return prepared(.revision(revision), count: pass.packedWeightCount) { tensor in
      withExtendedLifetime(tensors) {
        pass.packWeights(
          tensors[0].pointer, bias1: tensors[1].pointer, tensors[2].pointer, bias2: tensors[3].pointer,
          into: tensor.pointer)
      }
    }
  }

  /// Returns the bias of `filter`, padded with zeros to `count` values.
  func bias(of filter: LoweredFilter, count: Int) throws -> Tensor {
    let folded = try folded(filter)
    return prepared(.bias(filter), count: count) { Self.fill($0, folded.bias) }
  }

  private func folded(_ filter: LoweredFilter) throws -> FoldedFilter {
    FoldedFilter(
      weight: try parameter(filter.layer + ".weight"), bias: try parameter(filter.layer + ".bias").elements,
      affine: filter.affine, behind: try filter.batchNorm.map { try map(.batchNorm($0), channels: 0) })
  }

  // MARK: Norms

  /// Returns the parameter `name`, one value per channel, padded with zeros to `count` values.
  func vector(_ name: String, count: Int) throws -> Tensor {
    let values = try parameter(name).elements
    return prepared(.padded(name), count: count) { Self.fill($0, values) }
  }

  /// Returns scale and shift of each channel. `channels` is the number of channels if the map itself has none.
  func map(_ map: ConstantMap, channels: Int) throws -> ChannelMap {
    switch map {
    case .affine(let affine):
      ChannelMap(
        scale: [Double](repeating: Double(affine.scale), count: channels),
        shift: [Double](repeating: Double(affine.offset), count: channels))
    case .batchNorm(let name):
      ChannelMap(
        gamma: try parameter(name + ".weight").elements, beta: try parameter(name + ".bias").elements,
        mean: try parameter(name + ".running_mean").elements, variance: try parameter(name + ".running_var").elements)
    }
  }

  // MARK: Storage

  private func parameter(_ name: String) throws -> Tensor {
    guard let tensor = parameters[name] else { throw InferenceError.missingParameter(name: name, shape: []) }
    return tensor
  }

  private static func fill(_ tensor: Tensor, _ values: [Float]) {
    tensor.pointer.update(repeating: 0, count: tensor.count)
    tensor.pointer.update(from: values, count: min(tensor.count, values.count))
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
