// Products of bfloat16 with sums in single precision, for processors with AVX512_BF16.
//
// As in WideKernels, the target contains only loops that `Kernels` calls if the processor supports them. One
// instruction multiplies two pairs of bfloat16 and adds both products, so that a loop takes half as many steps as one
// of floats. The two values of a pair share a word, the first in its lower half.

import CBFloat16

/// Sixteen pairs of bfloat16.
typealias Pairs = SIMD16<UInt32>

/// Eight pairs of bfloat16.
typealias HalfPairs = SIMD8<UInt32>

@inline(__always)
func load(_ pointer: UnsafePointer<UInt32>) -> Pairs { UnsafeRawPointer(pointer).loadUnaligned(as: Pairs.self) }

@inline(__always)
func store<Value>(_ value: Value, _ pointer: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: Value.self)
}

/// Returns `sum` with the two products of each lane added.
@inline(__always)
func adding(_ sum: SIMD16<Float>, _ a: Pairs, _ b: Pairs) -> SIMD16<Float> { impasto_bfloat16_dot16(sum, a, b) }

@inline(__always)
func adding(_ sum: SIMD8<Float>, _ a: HalfPairs, _ b: HalfPairs) -> SIMD8<Float> { impasto_bfloat16_dot8(sum, a, b) }
