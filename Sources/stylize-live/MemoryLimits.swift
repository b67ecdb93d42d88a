import CMalloc

/// How the C library keeps memory that is free.
enum MemoryLimits {
  private static let largeBlock: Int32 = 1 << 20

  /// Has large blocks given back at once, and small ones taken from few heaps. By itself the library keeps a heap for
  /// each thread, and puts ever larger blocks there: engines that come and go with styles and sizes leave holes in all
  /// of them.
  static func useFewHeaps() {
    _ = mallopt(M_ARENA_MAX, 2)
    _ = mallopt(M_MMAP_THRESHOLD, largeBlock)
  }
}
