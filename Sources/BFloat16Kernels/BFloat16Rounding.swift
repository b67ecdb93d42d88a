import CBFloat16

/// Rounds `count` values to bfloat16, ties to even, and stores them as `count / 2` words. Denormals become zeros.
///
/// `count` is a multiple of 8. The caller owns the memory, and the two arrays must not overlap.
@inline(never)
public func roundToBFloat16(_ source: UnsafePointer<Float>, count: Int, into target: UnsafeMutablePointer<UInt32>) {
  let (source, target) = (UnsafeRawPointer(source), UnsafeMutableRawPointer(target))
  let whole = count / 16 * 16
  for index in stride(from: 0, to: whole, by: 16) {
    let values = source.loadUnaligned(fromByteOffset: index * 4, as: SIMD16<Float>.self)
    target.storeBytes(of: impasto_bfloat16_round16(values), toByteOffset: index * 2, as: SIMD8<UInt32>.self)
  }
  if whole < count {
    let values = source.loadUnaligned(fromByteOffset: whole * 4, as: SIMD8<Float>.self)
    target.storeBytes(of: impasto_bfloat16_round8(values), toByteOffset: whole * 2, as: SIMD4<UInt32>.self)
  }
}
