import Kernels

/// Pixel shuffling or unshuffling within the network.
struct ShuffleStep: PlanStep {
  let input: Int
  let factor: Int
  let isInverse: Bool
  let output: Int

  var activations: [Int] { [input, output] }

  func bound(to binding: inout PlanBinding) throws -> BoundStep? {
    let (from, to, factor) = (binding.extents[input], binding.extents[output], factor)
    let (source, target) = (binding.place(input), binding.place(output))
    guard isInverse else {
      return BoundStep(name: "shuffle \(to)") { frame in
        BlockedPixelShuffle.shuffle(
          source, height: from.height, width: from.width, channels: to.channels, factor: factor, output: target,
          pool: frame.pool)
      }
    }
    return BoundStep(name: "unshuffle \(to)") { frame in
      BlockedPixelShuffle.unshuffle(
        source, height: to.height, width: to.width, channels: from.channels, factor: factor, output: target,
        pool: frame.pool)
    }
  }
}
