/// Makes the timestamps of one stream increase, as containers demand; those that do already stay as they are.
struct TimestampRepair {
  private var last: Int64?
  private var lastDuration: Int64

  /// `step` stands in for a duration that is not known.
  init(step: Int64) { lastDuration = max(1, step) }

  /// `timestamp`, or the least one that can follow: where there is none, or where it is not greater than the one
  /// before.
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
