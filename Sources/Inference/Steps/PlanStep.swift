import Kernels
import Threading

/// One pass of a plan over memory: its requirements, how it is bound to memory and weights, and how it runs.
///
/// Lowering creates steps on activations that are numbered but have no memory yet.
protocol PlanStep {
  /// The activations that the step reads or writes.
  var activations: [Int] { get }
  /// The convolutions that the step computes.
  var convolutions: [PlannedConvolution] { get }
  /// The doubles for the sums of instance norms.
  var momentCount: Int { get }

  /// Returns the floats of scratch space on a pool of `threads`.
  func scratchCount(threads: Int) -> Int

  /// Binds the step to its memory and weights. Returns nil if there is nothing to do per frame.
  func bound(to binding: inout PlanBinding) throws -> BoundStep?
}

extension PlanStep {
  var activations: [Int] { [] }
  var convolutions: [PlannedConvolution] { [] }
  var momentCount: Int { 0 }

  func scratchCount(threads: Int) -> Int { 0 }
}

/// A step that can run. Its memory belongs to the plan and the model.
struct BoundStep {
  /// The layer's name, the kernel and the size of the output.
  let name: String
  /// Computes one frame. Allocates nothing.
  let run: (PlanFrame) -> Void
}

/// The data that changes from frame to frame, and what all steps share.
struct PlanFrame {
  /// The original picture.
  let frame: PictureInput.Storage
  /// The destination of the painted picture.
  let frameOutput: PictureOutput
  /// The picture that the layers read: the original one, or its canvas.
  let input: PictureInput
  /// The destination of the layers: the picture, or the draft.
  let output: PictureOutput
  let scratch: UnsafeMutablePointer<Float>
  let pool: ComputePool
}
