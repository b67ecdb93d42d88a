import Kernels

/// Bilinear upsampling by 2.
struct LinearUpsampleStep: PlanStep {
  let input: Int
  let enlargement: BilinearEnlargement
  let output: Int

  var activations: [Int] { [input, output] }

  func scratchCount(threads: Int) -> Int { enlargement.scratchCount(channels: 8, threads: threads) }

  func bound(to binding: inout PlanBinding) throws -> BoundStep? {
    let blocks = binding.extents[input].storedChannels / 8
    let (source, target) = (binding.place(input), binding.place(output))
    return BoundStep(name: "upsample \(binding.extents[output])") { [enlargement] frame in
      enlargement.forward(source, batch: blocks, channels: 8, output: target, scratch: frame.scratch, pool: frame.pool)
    }
  }
}
