/// A buffer of floats between two guards. It detects kernels that write outside their arrays, or read there and use the
/// values.
///
/// The guards are NaNs with a bit pattern that no arithmetic produces. New elements are NaN by default, so that results
/// that were never written, or that depend on uninitialised memory, compare equal to nothing.
package final class GuardedBuffer: @unchecked Sendable {
  /// More floats than a vector register has.
  private static let guardCount = 64
  private static let guardPattern: UInt32 = 0x7FC0_DEAD

  /// The number of elements between the guards.
  package let count: Int
  /// The first element. Valid as long as this object lives.
  package let pointer: UnsafeMutablePointer<Float>

  /// Creates a buffer of `count` elements with the same value.
  package init(count: Int, filledWith value: Float = .nan) {
    self.count = count
    let whole = UnsafeMutablePointer<Float>.allocate(capacity: count + 2 * Self.guardCount)
    whole.initialize(repeating: Float(bitPattern: Self.guardPattern), count: count + 2 * Self.guardCount)
    pointer = whole + Self.guardCount
    pointer.update(repeating: value, count: count)
  }

  /// Creates a buffer with a copy of `elements`.
  package convenience init(_ elements: [Float]) {
    self.init(count: elements.count)
    for (index, element) in elements.enumerated() { pointer[index] = element }
  }

  deinit { (pointer - Self.guardCount).deallocate() }

  /// A copy of the elements.
  package var elements: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

  /// Whether both guards are unchanged.
  package var isIntact: Bool {
    (0..<Self.guardCount).allSatisfy {
      (pointer - 1 - $0).pointee.bitPattern == Self.guardPattern
        && pointer[count + $0].bitPattern == Self.guardPattern
    }
  }
}
