import Kernels
import Networks

/// A convolution of a network as an engine computes it.
public struct PlannedConvolution: Sendable {
  /// The names of the layers that one kernel computes: two for a depthwise convolution followed by a 1×1 convolution.
  public let layers: [String]
  /// The kernel's ``ConvolutionTable/name``. Nil for the layers of a revision, which is a separate pass.
  public let algorithm: String?
  /// The dimensions with the channels of the network, without rounding up, including nearest upsampling before the
  /// convolution.
  public let geometry: ConvolutionGeometry

  /// The name in the steps of an engine.
  var name: String { "\(layers.joined(separator: " and ")) \(algorithm ?? "")" }

  /// Returns the convolutions of an engine for `definition` and pictures of `width` × `height`, in its order.
  ///
  /// - Throws: ``InferenceError`` if the size or the canvas is out of range, `ModelError` if the nodes do not fit
  ///   together.
  public static func all(
    of definition: NetworkDefinition, width: Int, height: Int, canvasLines: Int? = nil
  ) throws -> [PlannedConvolution] {
    try LoweredPlan(definition, width: width, height: height, canvasLines: canvasLines).steps.flatMap(\.convolutions)
  }
}
