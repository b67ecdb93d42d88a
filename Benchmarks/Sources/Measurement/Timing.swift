import Threading

/// Wall-clock times of repeated work.
public enum Timing {
  /// Returns the milliseconds that `body` takes.
  public static func milliseconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    return (ContinuousClock.now - start).seconds * 1000
  }

  /// Returns the times of each candidate in milliseconds. The candidates take turns, so that a temporary slowdown of
  /// the machine affects all of them.
  ///
  /// One uncounted round warms the caches. Rounds then continue until each candidate has `minimum` times and `seconds`
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
