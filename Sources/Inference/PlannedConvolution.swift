import Kernels
import Networks

/// A convolution of a network as an engine computes it.
public struct PlannedConvolution: Sendable {
  /// The names of the layers that one kernel computes: two for a depthwise convolution and the 1×1 convolution behind it.
  public let layers: [String]
  /// The kernel: a ``FusedAlgorithm``, or `fromPicture-`, `toPicture-`, `depthwise-` with the name of a ``PictureAlgorithm``, a
  /// ``ToPictureAlgorithm``, a ``DepthwiseAlgorithm``; or the ``SeparableAlgorithm``. Nil for the layers of a revision, which is a pass of
  /// its own.
  public let algorithm: String?
  /// The extents with the network's own channels, those of activations not rounded up; nearest upsampling in front of it included.
  public let geometry: ConvolutionGeometry

  /// As in the names of an engine's steps.
  var name: String { "\(layers.joined(separator: " and ")) \(algorithm ?? "")" }

  /// The convolutions of an engine for `definition` and pictures of `width` × `height`, in its order.
  ///
  /// - Throws: ``InferenceError`` where the size or the canvas is out of range, `ModelError` where the nodes do not fit together.
  public static func all(
    of definition: NetworkDefinition, width: Int, height: Int, canvasLines: Int? = nil
  ) throws -> [PlannedConvolution] {
    try LoweredPlan(definition, width: width, height: height, canvasLines: canvasLines).steps.flatMap(\.convolutions)
  }
}
