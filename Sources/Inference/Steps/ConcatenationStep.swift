import Kernels

/// The channels of two activations one after another.
struct ConcatenationStep: PlanStep {
  let first: Int
  let second: Int
  let output: Int

  var activations: [Int] { [first, second, output] }

  func bound(to binding: inout PlanBinding) throws -> BoundStep? {
    let (a, b) = (binding.extents[first], binding.extents[second])
    let (left, right, target) = (binding.place(first), binding.place(second), binding.place(output))
    return BoundStep(name: "concatenation \(binding.extents[output])") { frame in
      Concatenation.forwardBlocks(
        left, channels: a.channels, right, channels: b.channels, pixels: a.pixels, output: target, pool: frame.pool)
    }
  }
}
