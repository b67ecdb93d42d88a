import Threading

/// Where a step's time goes: the seconds of each operation on tapes that carry it, by name and output shape.
///
/// Operations follow one another on a tape, so what lies between two marks belongs to the second.
public final class OperationTimes {
  /// The sums of one operation.
  public struct Entry: Sendable {
    /// Such as `convolution [4, 64, 64, 128]`.
    public let name: String
    /// Values that were computed.
    public var calls = 0
    /// Seconds to compute them.
    public var forward = 0.0
    /// Seconds of their gradient rules.
    public var backward = 0.0

    init(name: String) { self.name = name }
  }

  private var sums: [String: Entry] = [:]
  private var mark = ContinuousClock.now

  /// No times yet; the clock starts.
  public init() {}

  /// All operations, the most expensive first.
  public var entries: [Entry] { sums.values.sorted { $0.forward + $0.backward > $1.forward + $1.backward } }

  /// Starts the clock anew: what lies before belongs to no operation.
  public func restart() { mark = .now }

  /// The seconds since the last mark, which moves to now.
  private func lap() -> Double {
    let now = ContinuousClock.now
    defer { mark = now }
    return (now - mark).seconds
  }

  func addForward(_ name: String) {
    let seconds = lap()
    sums[name, default: Entry(name: name)].forward += seconds
    sums[name, default: Entry(name: name)].calls += 1
  }

  func addBackward(_ name: String) {
    let seconds = lap()
    sums[name, default: Entry(name: name)].backward += seconds
  }
}
