/// Floats between two guards: shows a kernel that writes outside its arrays, or reads there and uses what it read.
///
/// The guards are NaNs of a pattern that no arithmetic makes. Fresh elements are NaN too, unless given, so that a result
/// that was never written, or that depends on uninitialised scratch, does not compare equal to anything.
public final class GuardedBuffer: @unchecked Sendable {
  /// A vector register's floats and more on either side.
  private static let guardCount = 64
  private static let guardPattern: UInt32 = 0x7FC0_DEAD

  /// The number of elements between the guards.
  public let count: Int
  /// The first element; valid as long as this object lives.
  public let pointer: UnsafeMutablePointer<Float>

  /// `count` elements of `value`.
  public init(count: Int, filledWith value: Float = .nan) {
    self.count = count
    let whole = UnsafeMutablePointer<Float>.allocate(capacity: count + 2 * Self.guardCount)
    whole.initialize(repeating: Float(bitPattern: Self.guardPattern), count: count + 2 * Self.guardCount)
    pointer = whole + Self.guardCount
    pointer.update(repeating: value, count: count)
  }

  /// A copy of `elements`.
  public convenience init(_ elements: [Float]) {
    self.init(count: elements.count)
    for (index, element) in elements.enumerated() { pointer[index] = element }
  }

  deinit { (pointer - Self.guardCount).deallocate() }

  /// A copy of the elements.
  public var elements: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

  /// Whether both guards are as they were.
  public var isIntact: Bool {
    (0..<Self.guardCount).allSatisfy {
      (pointer - 1 - $0).pointee.bitPattern == Self.guardPattern
        && pointer[count + $0].bitPattern == Self.guardPattern
    }
  }
}
