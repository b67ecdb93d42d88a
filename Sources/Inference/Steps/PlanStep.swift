import Kernels
import Threading

/// One pass of a plan over memory: what it needs, how it is bound to its memory and weights, and how it runs.
///
/// The lowering makes it on activations that are numbered but not yet placed.
protocol PlanStep {
  /// The activations that it reads or writes.
  var activations: [Int] { get }
  /// The convolutions that it computes.
  var convolutions: [PlannedConvolution] { get }
  /// Doubles for the sums of instance norms.
  var momentCount: Int { get }

  /// Floats of scratch on a pool of `threads`.
  func scratchCount(threads: Int) -> Int

  /// The step with its memory and weights in place; nil where nothing is left to do in a frame.
  func bound(to binding: inout PlanBinding) throws -> BoundStep?
}

extension PlanStep {
  var activations: [Int] { [] }
  var convolutions: [PlannedConvolution] { [] }
  var momentCount: Int { 0 }

  func scratchCount(threads: Int) -> Int { 0 }
}

/// A step that can run: the memory that it knows belongs to the plan and to its model.
struct BoundStep {
  /// The layer's name, the kernel and the output's extents.
  let name: String
  /// Computes one frame; allocates nothing.
  let run: (PlanFrame) -> Void
}

/// What changes from frame to frame, and what all steps share.
struct PlanFrame {
  /// The picture as it came.
  let film: PictureInput.Storage
  /// Where the picture goes that is painted.
  let filmOutput: PictureOutput
  /// What the layers read: the picture as it came, or its canvas.
  let input: PictureInput
  /// Where the layers write: the picture, or the draft.
  let output: PictureOutput
  let scratch: UnsafeMutablePointer<Float>
  let pool: ComputePool
}
