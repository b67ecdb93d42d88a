/// Eight floats: one AVX register or two NEON registers.
typealias Lanes = SIMD8<Float>

/// The number of floats in ``Lanes``.
let laneCount = 8

/// Returns `count` rounded up to a multiple of ``laneCount``.
@inline(__always)
func paddedToLanes(_ count: Int) -> Int { (count + laneCount - 1) & ~(laneCount - 1) }

// Helpers are always inlined: as an argument of a real call, eight floats would be split into two registers of four.

@inline(__always)
func load(_ pointer: UnsafePointer<Float>) -> Lanes {
  UnsafeRawPointer(pointer).loadUnaligned(as: Lanes.self)
}

@inline(__always)
func load(_ pointer: UnsafeMutablePointer<Float>) -> Lanes {
  UnsafeRawPointer(pointer).loadUnaligned(as: Lanes.self)
}

/// Returns the first `count` lanes from `pointer`, and zeros in the others. Nothing beyond `count` is read.
@inline(__always)
func load(_ pointer: UnsafePointer<Float>, count: Int) -> Lanes {
  if count >= laneCount { return load(pointer) }
  var lanes = Lanes.zero
  for lane in 0..<count { lanes[lane] = pointer[lane] }
  return lanes
}

@inline(__always)
func store(_ lanes: Lanes, _ pointer: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(pointer).storeBytes(of: lanes, as: Lanes.self)
}

/// Stores the first `count` lanes. Nothing beyond `count` is written.
@inline(__always)
func store(_ lanes: Lanes, _ pointer: UnsafeMutablePointer<Float>, count: Int) {
  if count >= laneCount { return store(lanes, pointer) }
  for lane in 0..<count { pointer[lane] = lanes[lane] }
}

/// Returns the maximum of each lane and 0. NaN stays NaN.
@inline(__always)
func rectified(_ lanes: Lanes) -> Lanes {
  lanes.replacing(with: Lanes.zero, where: lanes .< Lanes.zero)
}

/// Returns the colours of eight pixels of three floats.
@inline(__always)
func colours(_ pixels: UnsafePointer<Float>) -> (red: Lanes, green: Lanes, blue: Lanes) {
  let (a, b, c) = (load(pixels), load(pixels + 8), load(pixels + 16))
  return (
    Lanes(a[0], a[3], a[6], b[1], b[4], b[7], c[2], c[5]), Lanes(a[1], a[4], a[7], b[2], b[5], c[0], c[3], c[6]),
    Lanes(a[2], a[5], b[0], b[3], b[6], c[1], c[4], c[7])
  )
}
