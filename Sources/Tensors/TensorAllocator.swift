import Glibc
import Synchronization

/// The block of memory behind one or more tensors.
final class Storage {
  static let alignment = 64

  let pointer: UnsafeMutablePointer<Float>
  private let capacity: Int
  private let allocator: TensorAllocator?
  private let isScratch: Bool

  init(count: Int, allocator: TensorAllocator?, isScratch: Bool = false) {
    capacity = max(count, 1)
    self.allocator = allocator
    self.isScratch = isScratch
    pointer = Self.allocate(count: capacity)
  }

  init(recycling block: UnsafeMutablePointer<Float>, capacity: Int, allocator: TensorAllocator, isScratch: Bool = false)
  {
    pointer = block
    self.capacity = capacity
    self.allocator = allocator
    self.isScratch = isScratch
  }

  /// From this size on, blocks ask for large pages: kernels walk through many planes at once, more than there are entries for small
  /// pages in the processor's tables.
  private static let largePage = 2 << 20

  static func allocate(count: Int) -> UnsafeMutablePointer<Float> {
    let bytes = count * MemoryLayout<Float>.stride
    let isLarge = bytes >= 2 * largePage
    let block = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: isLarge ? largePage : alignment)
    // A hint: without support the block is what it was. The last page may hold another block's beginning.
    if isLarge { madvise(block, bytes / largePage * largePage, Int32(MADV_HUGEPAGE)) }
    return block.bindMemory(to: Float.self, capacity: count)
  }

  deinit {
    if let allocator {
      allocator.recycle(pointer, capacity: capacity, isScratch: isScratch)
    } else {
      UnsafeMutableRawPointer(pointer).deallocate()
    }
  }
}

/// Keeps the blocks of released tensors for the next tensors of the same size.
///
/// A training step asks for the same sizes in the same order each time: after the first step no memory comes from the
/// system, and no page is touched for the first time. Safe to use from several threads. The kept blocks are freed
/// with the allocator, which lives at least as long as its tensors.
public final class TensorAllocator: Sendable {
  private struct Block: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<Float>
  }

  private let freeBlocks = Mutex<[Int: [Block]]>([:])
  /// The largest block that was lent as scratch, while nobody has it.
  private let freeScratch = Mutex<(block: Block, capacity: Int)?>(nil)

  /// An allocator that keeps nothing yet.
  public init() {}

  func storage(count: Int) -> Storage {
    let capacity = max(count, 1)
    let block = freeBlocks.withLock { $0[capacity]?.popLast() }
    guard let block else { return Storage(count: capacity, allocator: self) }
    return Storage(recycling: block.pointer, capacity: capacity, allocator: self)
  }

  /// Like ``storage(count:)`` for memory that is soon given back: one block serves all, as large as the largest has been.
  func scratch(count: Int) -> Storage {
    let kept = freeScratch.withLock { kept in
      defer { kept = nil }
      return kept
    }
    if let kept, kept.capacity >= count {
      return Storage(recycling: kept.block.pointer, capacity: kept.capacity, allocator: self, isScratch: true)
    }
    if let kept { UnsafeMutableRawPointer(kept.block.pointer).deallocate() }
    return Storage(count: count, allocator: self, isScratch: true)
  }

  func recycle(_ pointer: UnsafeMutablePointer<Float>, capacity: Int, isScratch: Bool) {
    let block = Block(pointer: pointer)
    guard isScratch else { return freeBlocks.withLock { $0[capacity, default: []].append(block) } }
    let smaller: Block? = freeScratch.withLock { kept in
      guard let other = kept, other.capacity >= capacity else {
        defer { kept = (block, capacity) }
        return kept?.block
      }
      return block
    }
    if let smaller { UnsafeMutableRawPointer(smaller.pointer).deallocate() }
  }

  /// Frees every kept block.
  public func trim() {
    let blocks = freeBlocks.withLock { kept in
      defer { kept = [:] }
      return kept.values.flatMap { $0 }
    }
    let scratch = freeScratch.withLock { kept in
      defer { kept = nil }
      return kept?.block
    }
    for block in blocks + (scratch.map { [$0] } ?? []) { UnsafeMutableRawPointer(block.pointer).deallocate() }
  }

  deinit { trim() }
}
