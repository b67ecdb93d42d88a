/// A dense float32 array that owns its 64-byte-aligned storage.
///
/// A reference type: two names of one tensor share the elements. The storage is freed, or handed back to the
/// ``TensorAllocator`` it came from, when the last reference goes.
public final class Tensor: @unchecked Sendable {
  /// The extents.
  public let shape: Shape
  /// The first element; valid as long as this object lives.
  public let pointer: UnsafeMutablePointer<Float>
  private let storage: Storage

  /// A tensor of `shape`, zeroed unless `zeroed` is false, from `allocator` or else from the system.
  public init(_ shape: Shape, zeroed: Bool = true, allocator: TensorAllocator? = nil) {
    self.shape = shape
    storage = allocator?.storage(count: shape.count) ?? Storage(count: shape.count, allocator: nil)
    pointer = storage.pointer
    if zeroed { pointer.update(repeating: 0, count: shape.count) }
  }

  /// A tensor that holds `elements` in row-major order; their number must be `shape.count`.
  public convenience init(_ shape: Shape, elements: [Float]) {
    precondition(elements.count == shape.count, "\(elements.count) elements for shape \(shape)")
    self.init(shape, zeroed: false)
    elements.withUnsafeBufferPointer { source in
      guard let base = source.baseAddress else { return }
      pointer.update(from: base, count: elements.count)
    }
  }

  /// Memory for `count` floats, not set, that is needed for a moment: see ``TensorAllocator``.
  public static func scratch(count: Int, allocator: TensorAllocator) -> Tensor {
    Tensor(shape: Shape([count]), storage: allocator.scratch(count: count))
  }

  private init(shape: Shape, storage: Storage) {
    self.shape = shape
    self.storage = storage
    pointer = storage.pointer
  }

  /// The number of elements.
  public var count: Int { shape.count }

  /// The elements, in row-major order.
  public var buffer: UnsafeMutableBufferPointer<Float> { UnsafeMutableBufferPointer(start: pointer, count: count) }

  /// A copy of the elements, in row-major order.
  public var elements: [Float] { Array(buffer) }

  /// The same elements under another shape of the same count; the storage is shared.
  public func reshaped(_ shape: Shape) -> Tensor {
    precondition(shape.count == self.shape.count, "\(self.shape) cannot be seen as \(shape)")
    return Tensor(shape: shape, storage: storage)
  }

  /// A tensor of its own with the elements of the images `range`, places along the first axis.
  public func images(_ range: Range<Int>) -> Tensor {
    let extents = shape.dimensions
    precondition(range.lowerBound >= 0 && range.upperBound <= (extents.first ?? 0), "images \(range) of \(shape)")
    let result = Tensor(Shape([range.count] + extents.dropFirst()), zeroed: false)
    let stride = count / max(1, extents.first ?? 1)
    result.pointer.update(from: pointer + range.lowerBound * stride, count: result.count)
    return result
  }

  /// A tensor of its own with the same elements.
  public func copy() -> Tensor {
    let result = Tensor(shape, zeroed: false)
    result.pointer.update(from: pointer, count: count)
    return result
  }
}
