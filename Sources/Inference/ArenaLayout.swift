/// Places activations in one block of memory so that those needed at the same time do not overlap.
///
/// The placement is greedy by size: the largest activation first, each in the smallest gap that is free for its whole
/// lifetime. For the networks here the result is optimal: the maximum of what is alive in any step. Y. Pisarchyk, J.
/// Lee: Efficient Memory Management for Deep Neural Net Inference, 2020.
struct ArenaLayout {
  /// An activation and the range of steps in which it is needed.
  struct Activation {
    /// The number of floats.
    let count: Int
    /// The step that writes it.
    let first: Int
    /// The last step that reads it.
    var last: Int

    func isAlive(with other: Activation) -> Bool { first <= other.last && other.first <= last }
  }

  /// Activations begin on cache lines: 16 floats.
  private static let alignment = 16

  /// The offset of each activation in floats.
  let offsets: [Int]
  /// The total number of floats.
  let count: Int

  init(_ activations: [Activation]) {
    var offsets = [Int](repeating: 0, count: activations.count)
    var placed: [Int] = []
    var end = 0
    let largestFirst = activations.indices.sorted {
      (activations[$0].count, $1) > (activations[$1].count, $0)
    }
    for index in largestFirst {
      let size = Self.aligned(activations[index].count)
      let neighbours = placed.filter { activations[$0].isAlive(with: activations[index]) }
        .sorted { offsets[$0] < offsets[$1] }
      var best: (offset: Int, gap: Int)?
      var free = 0
      for neighbour in neighbours {
        let gap = offsets[neighbour] - free
        if gap >= size, gap < best?.gap ?? .max { best = (free, gap) }
        free = max(free, offsets[neighbour] + Self.aligned(activations[neighbour].count))
      }
      offsets[index] = best?.offset ?? free
      end = max(end, offsets[index] + size)
      placed.append(index)
    }
    self.offsets = offsets
    count = end
  }

  private static func aligned(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }
}
