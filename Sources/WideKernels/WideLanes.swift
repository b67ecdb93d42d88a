// Vectors of sixteen, for processors with AVX-512.
//
// Instruction-set flags apply to a whole target, and code compiled with them must not run on other processors. This
// target therefore contains only loops that `Kernels` calls if the processor supports them. Each sum adds the same
// products in the same order as with vectors of eight, so that the results are bit-identical.

typealias Wide = SIMD16<Float>

@inline(__always)
func load(_ pointer: UnsafePointer<Float>) -> Wide { UnsafeRawPointer(pointer).loadUnaligned(as: Wide.self) }

@inline(__always)
func store(_ value: Wide, _ pointer: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: Wide.self)
}
