import Kernels

/// Reduces the frame to its canvas.
struct ReductionStep: PlanStep {
  let canvas: CanvasRequirements

  func scratchCount(threads: Int) -> Int { canvas.reduction.scratchCount(threads: threads) }

  func bound(to binding: inout PlanBinding) throws -> BoundStep? {
    guard let memory = binding.memory.canvas else { return nil }
    return BoundStep(name: "canvas [\(canvas.canvasHeight), \(canvas.canvasWidth), 3]") {
      [reduction = canvas.reduction] in
      reduction.forward(
        $0.frame, luma: memory.luma(as: $0.frame), canvas: memory.canvas, canvasLuma: memory.canvasLuma,
        scratch: $0.scratch, pool: $0.pool)
    }
  }
}
