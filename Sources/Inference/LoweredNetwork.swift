import Kernels
import Networks

/// A network for one size, its nodes joined into as few passes as the kernels allow.
///
/// - A convolution takes over the nearest upsampling in front of it and the batch norm, ReLU and residual sum behind it, and gathers
///   the sums of the instance norms behind it. A 3×3 depthwise and a 1×1 convolution are one pass.
/// - Instance norm, and the ReLU and residual sum behind it, are done by whoever reads: an activation is written once, as the
///   convolution computed it.
/// - A value that several nodes read is materialized by its first reader as it reads.
/// - A bias in front of an instance norm, which takes every constant out again, is dropped.
/// - A canvas is the picture that all this reads; one pass in front of it reduces the film, and one behind it is the revision.
/// - The first convolution reads the picture's bytes, the last one writes them, affine map and scaled tanh included; pixels are
///   unshuffled and shuffled as bytes are read and written.
struct LoweredNetwork {
  private(set) var steps: [any PlanStep] = []
  private(set) var extents: [ActivationExtent] = []
  /// Channels of each node whose scale and shift are stored.
  private(set) var normChannels: [Int: Int] = [:]
  /// What becomes of the last values.
  private(set) var scaling = PictureScaling(tanh: nil)
  /// The revision behind the draft, if the network is painted on a canvas.
  let revision: LoweredRevision?
  /// The extended picture's extents, or the canvas'.
  let picture: ActivationExtent

  /// Joins the nodes of `definition` for a picture of `height` × `width`, multiples of its size multiple where it has no canvas.
  ///
  /// Throws `ModelError` where they do not fit together or the output is not a picture of the input's size.
  init(_ definition: NetworkDefinition, height: Int, width: Int) throws {
    var lowering = try Lowering(definition, height: height, width: width)
    try lowering.run()
    steps = lowering.steps
    extents = lowering.extents
    normChannels = lowering.normChannels
    scaling = lowering.scaling
    revision = lowering.revision
    picture = lowering.picture
  }

  /// When each activation is needed.
  var lives: [ArenaLayout.Activation] {
    var lives: [ArenaLayout.Activation?] = extents.map { _ in nil }
    for (index, step) in steps.enumerated() {
      for activation in step.activations {
        if lives[activation] == nil {
          lives[activation] = ArenaLayout.Activation(count: extents[activation].count, first: index, last: index)
        }
        lives[activation]?.last = index
      }
    }
    return lives.map { $0 ?? ArenaLayout.Activation(count: 0, first: 0, last: 0) }
  }
}
