import FoundationEssentials

/// Shares one compute pool fairly between several members, which use it in turn.
///
/// The waiting member that has used the least time goes next. A member that was idle gets no credit for the time that
/// it did not use.
public final class FairTurns: @unchecked Sendable {
  private let condition = Condition()
  // Guarded by `condition`.
  private var isTaken = false
  private var waiting: [Member] = []
  /// The time used by the member whose turn started last. New and idle members continue from this level.
  private var level = 0.0

  private let now: @Sendable () -> Double

  /// Creates a scheduler without members.
  ///
  /// - Parameter now: Returns the current time in seconds.
  public init(now: @escaping @Sendable () -> Double = { FairTurns.uptime }) { self.now = now }

  /// The seconds since an arbitrary time in the past.
  public static var uptime: Double { ProcessInfo.processInfo.systemUptime }

  /// The number of members that are waiting for their turn.
  public var waitingCount: Int {
    condition.lock()
    defer { condition.unlock() }
    return waiting.count
  }

  /// Adds a member.
  public func join() -> Member { Member(turns: self) }

  /// A member. Only one thread at a time may use it.
  public final class Member: @unchecked Sendable {
    private let turns: FairTurns
    // Guarded by `turns.condition`.
    fileprivate var used = 0.0

    fileprivate init(turns: FairTurns) { self.turns = turns }

    /// The seconds that the member has used, plus those that it forfeited while it was idle.
    public var seconds: Double {
      turns.condition.lock()
      defer { turns.condition.unlock() }
      return used
    }

    /// Waits for its turn, runs `body` and ends the turn. `body` must not request another turn.
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

  /// The waiting member with the least time; among equals, the one that has waited longest.
  private var next: Member? { waiting.min { $0.used < $1.used } }

  private func end(_ member: Member, seconds: Double) {
    condition.lock()
    member.used += seconds
    isTaken = false
    condition.broadcast()
    condition.unlock()
  }
}
