import Threading

/// The division of a kernel's strips among threads.
///
/// The division depends only on the dimensions, not on the number of threads, and so do the results.
struct StripTasks {
  /// The maximum number of tasks: enough for an even share on many threads, and few enough that adding their sums is
  /// cheap.
  private static let maximumTasks = 192

  /// The number of strips.
  let strips: Int
  /// The number of tasks.
  let tasks: Int

  init(strips: Int) {
    self.strips = strips
    tasks = min(strips, Self.maximumTasks)
  }

  /// Returns the strips of a task.
  @inline(__always)
  func strips(of task: Int) -> Range<Int> { task * strips / tasks..<(task + 1) * strips / tasks }
}

/// Returns the width of the panel at output channel `channel` of `channels`: 16, or 8 for the remainder.
@inline(__always)
func panelWidth(at channel: Int, of channels: Int) -> Int { channels - channel >= 16 ? 16 : 8 }

extension ComputePool? {
  /// Runs `body(0) … body(count - 1)` on the pool, or sequentially if there is none.
  func forEach(_ count: Int, _ body: (_ index: Int) -> Void) {
    if let pool = self { return pool.parallelFor(count, body) }
    for index in 0..<count { body(index) }
  }
}
