import Foundation
import Inference
import TestSupport
import Testing

@Suite struct AvailableMemoryTests {
  private let folder: TemporaryFolder
  private let megabyte = 1 << 20

  init() throws {
    folder = try TemporaryFolder()
    try write("proc/meminfo", "MemTotal: 9000 kB\nMemAvailable:    8192 kB\n")
  }

  private func write(_ name: String, _ text: String) throws {
    let path = folder.file(name)
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try folder.write(Array(text.utf8), to: name)
  }

  private var accounts: MemoryAccounts { MemoryAccounts(root: folder.path) }

  @Test func theMachineIsAsked() throws {
    #expect(accounts.machine == 8 * megabyte && accounts.controlGroups == nil)
    #expect(try #require(AvailableMemory.forPlan()) > 0)
  }

  @Test func theSecondVersionOfControlGroupsIsRead() throws {
    try write("proc/self/cgroup", "0::/a/b\n")
    try write("sys/fs/cgroup/a/b/memory.max", "max\n")
    try write("sys/fs/cgroup/a/memory.max", "\(100 * megabyte)\n")
    try write("sys/fs/cgroup/a/memory.current", "\(40 * megabyte)\n")
    try write("sys/fs/cgroup/a/memory.stat", "anon 5\ninactive_file \(10 * megabyte)\n")
    #expect(accounts.controlGroups == 70 * megabyte)
    // The group itself may have a lower limit, and `memory.high` counts, too.
    try write("sys/fs/cgroup/a/b/memory.high", "\(50 * megabyte)\n")
    try write("sys/fs/cgroup/a/b/memory.current", "\(30 * megabyte)\n")
    #expect(accounts.controlGroups == 20 * megabyte)
  }

  @Test func theFirstVersionOfControlGroupsIsRead() throws {
    // In a container, the path of the group is that of the host, and its files are at the root.
    try write("proc/self/cgroup", "4:memory:/host/container\n3:cpu,cpuacct:/host\n0::/\n")
    try write("sys/fs/cgroup/memory/memory.limit_in_bytes", "\(64 * megabyte)\n")
    try write("sys/fs/cgroup/memory/memory.usage_in_bytes", "\(32 * megabyte)\n")
    try write("sys/fs/cgroup/memory/memory.stat", "inactive_file 1\ntotal_inactive_file \(8 * megabyte)\n")
    #expect(accounts.controlGroups == 40 * megabyte)
  }

  @Test func theLeastCounts() {
    var accounts = accounts
    let least = 1024 * megabyte
    accounts.machine = 4 * least
    accounts.addressSpace = least
    accounts.data = nil
    accounts.controlGroups = 2 * least
    // 256 MB are left to everything else.
    #expect(AvailableMemory.forPlan(accounts) == least - 256 * megabyte)
    accounts.controlGroups = megabyte
    #expect(AvailableMemory.forPlan(accounts) == 0)
  }
}
