/// Makes the timestamps of a stream strictly increasing, as containers require. Valid timestamps do not change.
struct TimestampRepair {
  private var last: Int64?
  private var lastDuration: Int64

  /// - Parameter step: The duration to assume when it is unknown.
  init(step: Int64) { lastDuration = max(1, step) }

  /// Returns `timestamp`, or the smallest valid one if it is missing or not greater than the previous one.
  mutating func next(_ timestamp: Int64?, duration: Int64) -> Int64 {
    let result: Int64
    if let last {
      result = max(timestamp ?? (last + lastDuration), last + 1)
    } else {
      result = timestamp ?? 0
    }
    last = result
    if duration > 0 { lastDuration = duration }
    return result
  }
}
