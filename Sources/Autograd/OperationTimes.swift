import Threading

/// A profile of the operations on a tape: the seconds each takes, by name and output shape.
///
/// Operations run one after another, so the time between two marks belongs to the operation of the second mark.
public final class OperationTimes {
  /// The total time of one operation.
  public struct Entry: Sendable {
    /// The operation and its output shape, such as `convolution [4, 64, 64, 128]`.
    public let name: String
    /// How often the operation ran.
    public var calls = 0
    /// The seconds of the forward passes.
    public var forward = 0.0
    /// The seconds of the backward passes.
    public var backward = 0.0

    init(name: String) { self.name = name }
  }

  private var sums: [String: Entry] = [:]
  private var mark = ContinuousClock.now

  /// Creates an empty profile and starts its clock.
  public init() {}

  /// All operations, the slowest first.
  public var entries: [Entry] { sums.values.sorted { $0.forward + $0.backward > $1.forward + $1.backward } }

  /// Restarts the clock. The time since the last mark counts for no operation.
  package func restart() { mark = .now }

  /// Sets a mark and returns the seconds since the previous one.
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
