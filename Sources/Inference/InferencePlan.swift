import Kernels
import Tensors
import Threading

/// A network compiled for one size: a list of kernel calls on memory that is assigned once.
///
/// Running a plan allocates nothing, and results do not depend on the number of threads.
final class InferencePlan {
  /// The bytes of the plan's own memory.
  let byteCount: Int

  private let plan: LoweredPlan
  private let steps: [BoundStep]
  private let memory: PlanMemory
  /// Keeps the weights alive that the steps point to.
  private let tensors: [Tensor]

  /// Compiles `model` for pictures of `width` × `height`, extended at the right and bottom edges. `canvasLines`
  /// replaces the lines of the canvas if the network has one.
  ///
  /// Nothing is allocated before all checks pass.
  ///
  /// - Throws: ``InferenceError`` if the size or the canvas is out of range, the memory would exceed `memoryLimit`
  ///   bytes, or the system refuses it; `ModelError` if the nodes do not fit together.
  init(model: PreparedModel, width: Int, height: Int, canvasLines: Int?, threads: Int, memoryLimit: Int?) throws {
    plan = try LoweredPlan(model.definition, width: width, height: height, canvasLines: canvasLines)
    let requirements = PlanRequirements(plan, threads: threads)
    byteCount = requirements.byteCount
    if let memoryLimit, byteCount > memoryLimit {
      throw InferenceError.insufficientMemory(width: width, height: height, needed: byteCount, available: memoryLimit)
    }
    guard let memory = PlanMemory(requirements) else {
      throw InferenceError.insufficientMemory(
        width: width, height: height, needed: byteCount, available: AvailableMemory.forPlan() ?? 0)
    }
    self.memory = memory
    var binding = PlanBinding(model: model, plan: plan, requirements: requirements, memory: memory)
    steps = try plan.steps.compactMap { try $0.bound(to: &binding) }
    tensors = binding.tensors
  }

  /// Computes `output` from `input`, both of the plan's size.
  func run(_ input: PictureInput.Storage, into output: PictureOutput.Storage, pool: ComputePool) {
    let frame = frame(input, output, pool)
    for step in steps { step.run(frame) }
  }

  /// Computes `output` from `input` and returns the time of each step.
  func profile(_ input: PictureInput.Storage, into output: PictureOutput.Storage, pool: ComputePool) -> [StepTiming] {
    let frame = frame(input, output, pool)
    return steps.map { step in
      let duration = ContinuousClock().measure { step.run(frame) }
      return StepTiming(name: step.name, seconds: duration / .seconds(1))
    }
  }

  private func frame(_ input: PictureInput.Storage, _ output: PictureOutput.Storage, _ pool: ComputePool) -> PlanFrame {
    let source = memory.canvas.map { .floats($0.canvas, stride: 3 * plan.paintedWidth) } ?? input
    let target = memory.canvas.map { .floats($0.draft, stride: 3 * plan.paintedWidth) } ?? output
    return PlanFrame(
      frame: input, frameOutput: PictureOutput(output, width: plan.width, height: plan.height),
      input: PictureInput(source),
      output: PictureOutput(
        target, width: plan.paintedWidth, height: plan.paintedHeight, scaling: plan.network.scaling),
      scratch: memory.scratch, pool: pool)
  }
}

/// The time of one step of a plan.
public struct StepTiming: Sendable {
  /// The layer's name, the kernel and the size of the output.
  public let name: String
  /// Wall-clock seconds.
  public let seconds: Double
}
