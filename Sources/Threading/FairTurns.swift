import Foundation

/// Lets several runs have one compute pool in turn, each for the same share of its time.
///
/// Of those that wait, the one goes first that has had least. Whoever did not ask for long has no claim to make up for it.
public final class FairTurns: @unchecked Sendable {
  private let condition = NSCondition()
  // Guarded by `condition`.
  private var isTaken = false
  private var waiting: [Member] = []
  /// What the one had had that went last: newcomers begin there.
  private var level = 0.0

  private let now: @Sendable () -> Double

  /// Turns without members. `now` tells the time in seconds.
  public init(now: @escaping @Sendable () -> Double = { FairTurns.uptime }) { self.now = now }

  /// Seconds since some moment in the past.
  public static var uptime: Double { ProcessInfo.processInfo.systemUptime }

  /// Members that wait for their turn.
  public var waitingCount: Int {
    condition.lock()
    defer { condition.unlock() }
    return waiting.count
  }

  /// A new member.
  public func join() -> Member { Member(turns: self) }

  /// One of those that take turns; one thread at a time may ask for it.
  public final class Member: @unchecked Sendable {
    private let turns: FairTurns
    // Guarded by `turns.condition`.
    fileprivate var used = 0.0

    fileprivate init(turns: FairTurns) { self.turns = turns }

    /// The seconds that it has had, those counted that it did not ask for.
    public var seconds: Double {
      turns.condition.lock()
      defer { turns.condition.unlock() }
      return used
    }

    /// Waits for its turn, runs `body` and hands on. `body` must not ask for another turn.
    public func take(_ body: () throws -> Void) rethrows {
      turns.begin(self)
      let start = turns.now()
      defer { turns.end(self, seconds: turns.now() - start) }
      try body()
    }
  }

  private func begin(_ member: Member) {
    condition.lock()
    defer { condition.unlock() }
    member.used = max(member.used, level)
    waiting.append(member)
    while isTaken || next !== member { condition.wait() }
    waiting.removeAll { $0 === member }
    level = member.used
    isTaken = true
  }

  /// Of equal ones, the one that has waited longest.
  private var next: Member? { waiting.min { $0.used < $1.used } }

  private func end(_ member: Member, seconds: Double) {
    condition.lock()
    member.used += seconds
    isTaken = false
    condition.broadcast()
    condition.unlock()
  }
}
