// Vectors of sixteen, for processors with AVX-512.
//
// A target of its own, since instruction-set flags hold for a whole target: what is compiled with these must not run elsewhere, and so
// nothing lives here but loops that `Kernels` calls where the processor can. Each sum adds the same products in the same order as in
// vectors of eight: the results are the same bits.

typealias Wide = SIMD16<Float>

@inline(__always)
func load(_ pointer: UnsafePointer<Float>) -> Wide { UnsafeRawPointer(pointer).loadUnaligned(as: Wide.self) }

@inline(__always)
func store(_ value: Wide, _ pointer: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: Wide.self)
}
