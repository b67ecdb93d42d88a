import Threading

/// Wall-clock times of repeated work.
public enum Timing {
  /// Milliseconds that `body` took.
  public static func milliseconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    return (ContinuousClock.now - start).seconds * 1000
  }

  /// The times of each candidate in milliseconds, the candidates taking turns: a slow spell of the machine meets all of them.
  ///
  /// One round that is not counted warms the caches. Then rounds follow until each candidate has `minimum` times and `seconds`
  /// have passed, or each has `maximum`.
  public static func interleaved(
    _ candidates: [() -> Void], seconds: Double, minimum: Int = 3, maximum: Int = 1000
  ) -> [[Double]] {
    for candidate in candidates { candidate() }
    var times = candidates.map { _ in [Double]() }
    let start = ContinuousClock.now
    var round = 0
    while round < maximum, round < minimum || (ContinuousClock.now - start).seconds < seconds {
      for (index, candidate) in candidates.enumerated() { times[index].append(milliseconds(candidate)) }
      round += 1
    }
    return times
  }
}
