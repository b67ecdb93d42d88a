/// A dense float32 array with 64-byte-aligned storage.
///
/// This is a reference type: copies of a reference share the elements. When the last reference is released, the storage
/// is freed or returned to its ``TensorAllocator``.
public final class Tensor: @unchecked Sendable {
  /// The extents.
  public let shape: Shape
  /// The first element. Valid as long as this object lives.
  public let pointer: UnsafeMutablePointer<Float>
  private let storage: Storage

  /// Creates a tensor.
  ///
  /// - Parameters:
  ///   - zeroed: Whether to set the elements to zero; otherwise they are uninitialised.
  ///   - allocator: The allocator of the storage; nil for the system's.
  public init(_ shape: Shape, zeroed: Bool = true, allocator: TensorAllocator? = nil) {
    self.shape = shape
    storage = allocator?.storage(count: shape.count) ?? Storage(count: shape.count, allocator: nil)
    pointer = storage.pointer
    if zeroed { pointer.update(repeating: 0, count: shape.count) }
  }

  /// Creates a tensor with `elements` in row-major order, which must number `shape.count`.
  public convenience init(_ shape: Shape, elements: [Float]) {
    precondition(elements.count == shape.count, "\(elements.count) elements for shape \(shape)")
    self.init(shape, zeroed: false)
    elements.withUnsafeBufferPointer { source in
      guard let base = source.baseAddress else { return }
      pointer.update(from: base, count: elements.count)
    }
  }

  /// Returns uninitialised memory for `count` floats that is needed only briefly. See ``TensorAllocator``.
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

  /// Returns a tensor of another shape with the same count that shares this storage.
  public func reshaped(_ shape: Shape) -> Tensor {
    precondition(shape.count == self.shape.count, "\(self.shape) cannot be reshaped to \(shape)")
    return Tensor(shape: shape, storage: storage)
  }

  /// Returns a copy of the images in `range`, which are indices along the first axis.
  public func images(_ range: Range<Int>) -> Tensor {
    let extents = shape.dimensions
    precondition(range.lowerBound >= 0 && range.upperBound <= (extents.first ?? 0), "images \(range) of \(shape)")
    let result = Tensor(Shape([range.count] + extents.dropFirst()), zeroed: false)
    let stride = count / max(1, extents.first ?? 1)
    result.pointer.update(from: pointer + range.lowerBound * stride, count: result.count)
    return result
  }

  /// Returns a copy.
  public func copy() -> Tensor {
    let result = Tensor(shape, zeroed: false)
    result.pointer.update(from: pointer, count: count)
    return result
  }
}
