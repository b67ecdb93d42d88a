import Threading

/// How the strips of a kernel are dealt out to threads.
///
/// The division depends on the extents alone, never on the number of threads: neither do the results.
struct StripTasks {
  /// Enough for an even share on many threads; few enough that their sums are quickly added.
  private static let most = 192

  /// Strips in all.
  let strips: Int
  /// Tasks in all.
  let tasks: Int

  init(strips: Int) {
    self.strips = strips
    tasks = min(strips, Self.most)
  }

  /// The strips of a task.
  @inline(__always)
  func strips(of task: Int) -> Range<Int> { task * strips / tasks..<(task + 1) * strips / tasks }
}

/// A panel's width at output channel `channel` of `channels`: 16, or 8 for what is left.
@inline(__always)
func panelWidth(at channel: Int, of channels: Int) -> Int { channels - channel >= 16 ? 16 : 8 }

extension ComputePool? {
  /// Runs `body(0) … body(count - 1)` on the pool, or one after another where there is none.
  func forEach(_ count: Int, _ body: (_ index: Int) -> Void) {
    if let pool = self { return pool.parallelFor(count, body) }
    for index in 0..<count { body(index) }
  }
}
