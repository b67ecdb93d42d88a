import Glibc
import Synchronization

/// The memory block of one or more tensors.
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

  /// Blocks of at least twice this size request huge pages. Kernels walk through many planes at once, more than the
  /// processor's TLB has entries for small pages.
  private static let largePage = 2 << 20

  static func allocate(count: Int) -> UnsafeMutablePointer<Float> {
    let bytes = count * MemoryLayout<Float>.stride
    let isLarge = bytes >= 2 * largePage
    let block = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: isLarge ? largePage : alignment)
    // A hint, which has no effect on systems without huge pages. The last page may be shared with the next block.
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

/// Keeps the blocks of released tensors for later tensors of the same size.
///
/// Every training step requests the same sizes in the same order. After the first step, no memory comes from the system
/// and no page is touched for the first time. Several threads can use the same allocator. The kept blocks are freed
/// with the allocator, which lives at least as long as its tensors.
public final class TensorAllocator: Sendable {
  private struct Block: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<Float>
  }

  private let freeBlocks = Mutex<[Int: [Block]]>([:])
  /// The largest block that was lent as scratch memory; nil while it is in use.
  private let freeScratch = Mutex<(block: Block, capacity: Int)?>(nil)

  /// Creates an allocator without blocks.
  public init() {}

  func storage(count: Int) -> Storage {
    let capacity = max(count, 1)
    let block = freeBlocks.withLock { $0[capacity]?.popLast() }
    guard let block else { return Storage(count: capacity, allocator: self) }
    return Storage(recycling: block.pointer, capacity: capacity, allocator: self)
  }

  /// Returns memory that is given back soon. One block serves all callers in turn and grows to the largest request.
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

  /// Frees all kept blocks.
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
