import Synchronization

/// The block of memory behind one or more tensors.
final class Storage {
  static let alignment = 64

  let pointer: UnsafeMutablePointer<Float>
  private let capacity: Int
  private let allocator: TensorAllocator?

  init(count: Int, allocator: TensorAllocator?) {
    capacity = max(count, 1)
    self.allocator = allocator
    pointer = Self.allocate(count: capacity)
  }

  init(recycling block: UnsafeMutablePointer<Float>, capacity: Int, allocator: TensorAllocator) {
    pointer = block
    self.capacity = capacity
    self.allocator = allocator
  }

  static func allocate(count: Int) -> UnsafeMutablePointer<Float> {
    UnsafeMutableRawPointer
      .allocate(byteCount: count * MemoryLayout<Float>.stride, alignment: alignment)
      .bindMemory(to: Float.self, capacity: count)
  }

  deinit {
    if let allocator {
      allocator.recycle(pointer, capacity: capacity)
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

  /// An allocator that keeps nothing yet.
  public init() {}

  func storage(count: Int) -> Storage {
    let capacity = max(count, 1)
    let block = freeBlocks.withLock { $0[capacity]?.popLast() }
    guard let block else { return Storage(count: capacity, allocator: self) }
    return Storage(recycling: block.pointer, capacity: capacity, allocator: self)
  }

  func recycle(_ pointer: UnsafeMutablePointer<Float>, capacity: Int) {
    let block = Block(pointer: pointer)
    freeBlocks.withLock { $0[capacity, default: []].append(block) }
  }

  /// Frees every kept block.
  public func trim() {
    let blocks = freeBlocks.withLock { kept in
      defer { kept = [:] }
      return kept.values.flatMap { $0 }
    }
    for block in blocks { UnsafeMutableRawPointer(block.pointer).deallocate() }
  }

  deinit { trim() }
}
