/// Transposes 8×8 floats. Source rows are `rows` floats apart, and rows of the result `stride`.
@inline(__always)
func transpose8x8(
  _ source: UnsafePointer<Float>, rows: Int = 8, into target: UnsafeMutablePointer<Float>, stride: Int = 8
) {
  let (r0, r1, r2, r3) = (load(source), load(source + rows), load(source + 2 * rows), load(source + 3 * rows))
  let (r4, r5) = (load(source + 4 * rows), load(source + 5 * rows))
  let (r6, r7) = (load(source + 6 * rows), load(source + 7 * rows))
  let (a0, a1) = (interleavedLow(r0, r1), interleavedHigh(r0, r1))
  let (a2, a3) = (interleavedLow(r2, r3), interleavedHigh(r2, r3))
  let (a4, a5) = (interleavedLow(r4, r5), interleavedHigh(r4, r5))
  let (a6, a7) = (interleavedLow(r6, r7), interleavedHigh(r6, r7))
  let (b0, b1) = (pairsLow(a0, a2), pairsHigh(a0, a2))
  let (b2, b3) = (pairsLow(a1, a3), pairsHigh(a1, a3))
  let (b4, b5) = (pairsLow(a4, a6), pairsHigh(a4, a6))
  let (b6, b7) = (pairsLow(a5, a7), pairsHigh(a5, a7))
  store(Lanes(lowHalf: b0.lowHalf, highHalf: b4.lowHalf), target)
  store(Lanes(lowHalf: b1.lowHalf, highHalf: b5.lowHalf), target + stride)
  store(Lanes(lowHalf: b2.lowHalf, highHalf: b6.lowHalf), target + 2 * stride)
  store(Lanes(lowHalf: b3.lowHalf, highHalf: b7.lowHalf), target + 3 * stride)
  store(Lanes(lowHalf: b0.highHalf, highHalf: b4.highHalf), target + 4 * stride)
  store(Lanes(lowHalf: b1.highHalf, highHalf: b5.highHalf), target + 5 * stride)
  store(Lanes(lowHalf: b2.highHalf, highHalf: b6.highHalf), target + 6 * stride)
  store(Lanes(lowHalf: b3.highHalf, highHalf: b7.highHalf), target + 7 * stride)
}

// Within each half of four, as the processor's unpack and shuffle do.

@inline(__always)
func interleavedLow(_ a: Lanes, _ b: Lanes) -> Lanes { Lanes(a[0], b[0], a[1], b[1], a[4], b[4], a[5], b[5]) }

@inline(__always)
func interleavedHigh(_ a: Lanes, _ b: Lanes) -> Lanes { Lanes(a[2], b[2], a[3], b[3], a[6], b[6], a[7], b[7]) }

@inline(__always)
func pairsLow(_ a: Lanes, _ b: Lanes) -> Lanes { Lanes(a[0], a[1], b[0], b[1], a[4], a[5], b[4], b[5]) }

@inline(__always)
func pairsHigh(_ a: Lanes, _ b: Lanes) -> Lanes { Lanes(a[2], a[3], b[2], b[3], a[6], a[7], b[6], b[7]) }
