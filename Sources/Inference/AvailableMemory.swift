/// The memory that this process can still use without swapping.
public enum AvailableMemory {
  /// The bytes that a plan leaves to decoders, threads and other programs.
  private static let reserve = 256 << 20

  /// Returns the bytes that a plan and its pictures may use: the least that the machine, the limits of the process
  /// (`ulimit -v`, `ulimit -d`) and its control groups leave, minus a reserve. Nil if nothing is known.
  public static func forPlan() -> Int? { forPlan(MemoryAccounts()) }

  /// Returns the bytes that `accounts` leave, minus the reserve.
  package static func forPlan(_ accounts: MemoryAccounts) -> Int? {
    [accounts.machine, accounts.addressSpace, accounts.data, accounts.controlGroups].compactMap { $0 }.min()
      .map { max(0, $0 - reserve) }
  }
}
