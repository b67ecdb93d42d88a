import CMalloc
import Foundation

/// The memory of trainings, and the C library's policy for freed memory.
enum MemoryLimits {
  /// The maximum memory of a training in bytes: 8 GiB, or three quarters of the machine's memory if that is less. A
  /// training with the default settings and two threads needs less than 3 GiB.
  static let training = min(8 << 30, Int(clamping: ProcessInfo.processInfo.physicalMemory / 4 * 3))

  private static let largeBlock: Int32 = 1 << 20

  /// Makes the C library return large blocks to the system at once and allocate small ones from few heaps.
  ///
  /// By default, the library keeps a heap for each thread and serves ever larger blocks from it. Engines that come and
  /// go with styles and sizes then fragment all heaps.
  static func useFewHeaps() {
    _ = mallopt(M_ARENA_MAX, 2)
    _ = mallopt(M_MMAP_THRESHOLD, largeBlock)
  }
}
