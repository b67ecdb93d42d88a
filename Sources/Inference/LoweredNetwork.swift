import Kernels
import Networks

/// A network for one size, with its nodes fused into as few passes as the kernels allow.
///
/// - A convolution includes the nearest upsampling before it and the batch norm, ReLU and residual sum after it, and
///   computes the sums of the instance norms after it. A 3×3 depthwise and a 1×1 convolution are one pass.
/// - The reader of an activation applies instance norm and the ReLU and residual sum after it. An activation is written
///   once, as the convolution computed it.
/// - A value that several nodes read is materialized by its first reader.
/// - A bias before an instance norm is dropped, since the norm removes every constant.
/// - A canvas is the picture that the layers read. One pass before them reduces the frame, and one after them is the
///   revision.
/// - The first convolution reads the bytes of the picture and the last one writes them, including affine map and scaled
///   tanh. Pixels are unshuffled and shuffled as bytes are read and written.
struct LoweredNetwork {
  private(set) var steps: [any PlanStep] = []
  private(set) var extents: [ActivationExtent] = []
  /// The channels of each node whose scale and shift are stored.
  private(set) var normChannels: [Int: Int] = [:]
  /// The scaling of the last values.
  private(set) var scaling = PictureScaling(tanh: nil)
  /// The revision after the draft if the network paints on a canvas.
  let revision: LoweredRevision?
  /// The size of the extended picture, or of the canvas.
  let picture: ActivationExtent

  /// Fuses the nodes of `definition` for a picture of `height` × `width`. Without a canvas, both are multiples of its
  /// size multiple.
  ///
  /// - Throws: `ModelError` if the nodes do not fit together or the output is not a picture of the input's size.
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

  /// The range of steps in which each activation is needed.
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
