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

  /// Parameters in the form that one kernel reads.
  private enum WeightForm: Hashable {
    case convolution(LoweredFilter, FusedAlgorithm)
    case depthwise(LoweredFilter, DepthwiseAlgorithm)
    case separable(LoweredFilter, LoweredFilter)
    case fromPicture(LoweredFilter, PictureAlgorithm)
    case toPicture(LoweredFilter, ToPictureAlgorithm)
    case bias(LoweredFilter)
    case revision(LoweredRevision)
    /// The parameter itself, with zeros behind its own values.
    case padded(String)
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

  // MARK: Weights

  /// The weight of `filter` in the form that `convolution` reads.
  func weight(of filter: LoweredFilter, for convolution: FusedConvolution) throws -> Tensor {
    try packed(filter, .convolution(filter, convolution.algorithm), count: convolution.packedWeightCount) {
      convolution.packWeight($0, into: $1)
    }
  }

  /// The same for a depthwise convolution.
  func weight(of filter: LoweredFilter, for convolution: FusedDepthwiseConvolution) throws -> Tensor {
    try packed(
      filter, .depthwise(filter, convolution.algorithm), count: convolution.packedWeightCount, convolution.packWeight)
  }

  /// The same for a convolution on the picture.
  func weight(of filter: LoweredFilter, for convolution: FusedPictureConvolution) throws -> Tensor {
    try packed(
      filter, .fromPicture(filter, convolution.algorithm), count: convolution.packedWeightCount, convolution.packWeight)
  }

  /// The weights of a depthwise and a 1×1 convolution in the form that `convolution` reads.
  func weight(
    of depthwise: LoweredFilter, _ pointwise: LoweredFilter, for convolution: FusedSeparableConvolution
  ) throws -> Tensor {
    let first = try folded(depthwise)
    let second = try folded(pointwise)
    return prepared(.separable(depthwise, pointwise), count: convolution.packedWeightCount) { tensor in
      first.withFilterWeight { depthwise in
        second.withFilterWeight { pointwise in
          convolution.packWeight(depthwise: depthwise, bias: first.bias, pointwise: pointwise, into: tensor.pointer)
        }
      }
    }
  }

  /// The weight of `filter` in the form that the last convolution reads.
  func weight(
    of filter: LoweredFilter, for algorithm: ToPictureAlgorithm, _ geometry: ConvolutionGeometry
  ) throws -> Tensor {
    try packed(filter, .toPicture(filter, algorithm), count: algorithm.packedWeightCount(geometry)) {
      algorithm.packWeight($0, geometry, into: $1)
    }
  }

  /// The weights of a revision in the form that `pass` reads; one value that nothing reads where there are none.
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

  /// The bias of `filter`, continued with zeros to `count` values.
  func bias(of filter: LoweredFilter, count: Int) throws -> Tensor {
    let folded = try folded(filter)
    return prepared(.bias(filter), count: count) { Self.fill($0, folded.bias) }
  }

  private func packed(
    _ filter: LoweredFilter, _ form: WeightForm, count: Int,
    _ pack: (FilterWeight, UnsafeMutablePointer<Float>) -> Void
  ) throws -> Tensor {
    let folded = try folded(filter)
    return prepared(form, count: count) { tensor in folded.withFilterWeight { pack($0, tensor.pointer) } }
  }

  private func folded(_ filter: LoweredFilter) throws -> FoldedFilter {
    FoldedFilter(
      weight: try parameter(filter.layer + ".weight"), bias: try parameter(filter.layer + ".bias").elements,
      affine: filter.affine, behind: try filter.batchNorm.map { try map(.batchNorm($0), channels: 0) })
  }

  // MARK: Norms

  /// The parameter `name`, one value a channel, continued with zeros to `count` values.
  func vector(_ name: String, count: Int) throws -> Tensor {
    let values = try parameter(name).elements
    return prepared(.padded(name), count: count) { Self.fill($0, values) }
  }

  /// Scale and shift of each channel; `channels` counts them where the map has none of its own.
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
