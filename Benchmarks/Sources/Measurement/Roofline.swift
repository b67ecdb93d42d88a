import Threading

/// The measured limits of the processor, the two lines of a roofline.
///
/// S. Williams, A. Waterman, D. Patterson: Roofline: An Insightful Visual Performance Model for Multicore
/// Architectures, Communications of the ACM 52(4), 2009.
public struct Roofline: Codable, Sendable {
  /// The number of threads.
  public let threads: Int
  /// 10⁹ operations per second of 8-wide fused multiply-adds on registers, two operations each.
  public let peakGFLOPS: Double
  /// 10⁹ bytes per second of `a[i] = b[i] + s·c[i]` on arrays larger than the caches: two reads and one write per
  /// element, not counting a read that the processor may do before a write.
  public let bandwidthGBPS: Double

  /// Creates a roofline from known figures.
  public init(threads: Int, peakGFLOPS: Double, bandwidthGBPS: Double) {
    self.threads = threads
    self.peakGFLOPS = peakGFLOPS
    self.bandwidthGBPS = bandwidthGBPS
  }

  /// Measures both limits on the threads of `pool`, in about half a second.
  public init(measuredOn pool: ComputePool) {
    threads = pool.threadCount
    peakGFLOPS = Self.measuredPeak(pool)
    bandwidthGBPS = Self.measuredBandwidth(pool)
  }

  /// Returns the attainable GFLOP/s of a kernel with `operations` that moves at least `bytes`:
  /// `min(peak, bandwidth · operations / bytes)`.
  public func attainableGFLOPS(operations: Double, bytes: Double) -> Double {
    bytes > 0 ? min(peakGFLOPS, bandwidthGBPS * operations / bytes) : peakGFLOPS
  }

  // MARK: Peak

  /// Sixteen pieces of work per thread, so that a thread that starts late costs little.
  private static let piecesPerThread = 16
  private static let stepsPerPiece = 100_000
  /// Two units with a latency of four cycles need eight chains. Twelve chains and the two factors fit into sixteen
  /// registers.
  private static let chains = 12

  /// Returns the best of several short runs in GFLOP/s.
  public static func measuredPeak(_ pool: ComputePool, repetitions: Int = 40) -> Double {
    let pieces = piecesPerThread * pool.threadCount
    let results = UnsafeMutablePointer<Float>.allocate(capacity: pieces)
    defer { results.deallocate() }
    // Known only at run time, so that the compiler cannot evaluate anything in advance.
    let factor = Float(pool.threadCount) * 1e-9 + 1
    var best = Double.infinity
    for _ in 0..<max(1, repetitions) {
      let milliseconds = Timing.milliseconds {
        pool.parallelFor(pieces) { results[$0] = multiplyAddChains(factor: factor, steps: stepsPerPiece) }
      }
      best = min(best, milliseconds)
    }
    precondition(results[0] > 0, "the chains were not computed")
    let operations = 2 * Double(SIMD8<Float>.scalarCount * chains * stepsPerPiece * pieces)
    return operations / best / 1e6
  }

  @inline(never)
  private static func multiplyAddChains(factor: Float, steps: Int) -> Float {
    let a = SIMD8<Float>(repeating: factor)
    let b = SIMD8<Float>(repeating: 1 - factor)
    var (c0, c1, c2, c3, c4, c5) = (a, a + 1, a + 2, a + 3, a + 4, a + 5)
    var (c6, c7, c8, c9, c10, c11) = (a + 6, a + 7, a + 8, a + 9, a + 10, a + 11)
    for _ in 0..<steps {
      c0 = b.addingProduct(c0, a)
      c1 = b.addingProduct(c1, a)
      c2 = b.addingProduct(c2, a)
      c3 = b.addingProduct(c3, a)
      c4 = b.addingProduct(c4, a)
      c5 = b.addingProduct(c5, a)
      c6 = b.addingProduct(c6, a)
      c7 = b.addingProduct(c7, a)
      c8 = b.addingProduct(c8, a)
      c9 = b.addingProduct(c9, a)
      c10 = b.addingProduct(c10, a)
      c11 = b.addingProduct(c11, a)
    }
    return (((c0 + c1) + (c2 + c3)) + ((c4 + c5) + (c6 + c7)) + ((c8 + c9) + (c10 + c11))).sum()
  }

  // MARK: Bandwidth

  /// The number of floats in each of the three arrays: 64 MiB.
  private static let arrayCount = 1 << 24

  /// Returns the best of several passes in GB/s.
  public static func measuredBandwidth(_ pool: ComputePool, repetitions: Int = 12) -> Double {
    let arrays = UnsafeMutableRawPointer.allocate(byteCount: 3 * arrayCount * 4, alignment: 64)
    defer { arrays.deallocate() }
    let a = arrays.bindMemory(to: SIMD8<Float>.self, capacity: 3 * arrayCount / 8)
    let (b, c) = (a + arrayCount / 8, a + 2 * (arrayCount / 8))
    let pieces = piecesPerThread * pool.threadCount
    let length = arrayCount / 8 / pieces
    pool.parallelFor(pieces) { piece in
      let range = piece * length..<(piece + 1) * length
      for i in range { (a[i], b[i], c[i]) = (.zero, SIMD8(repeating: 1), SIMD8(repeating: 2)) }
    }
    var best = Double.infinity
    for _ in 0..<max(1, repetitions) {
      let milliseconds = Timing.milliseconds {
        pool.parallelFor(pieces) { piece in
          let range = piece * length..<(piece + 1) * length
          let scale = SIMD8<Float>(repeating: 3)
          for i in range { a[i] = b[i].addingProduct(scale, c[i]) }
        }
      }
      best = min(best, milliseconds)
    }
    precondition(a[0][0] == 7, "the arrays were not computed")
    return Double(3 * 4 * 8 * length * pieces) / best / 1e6
  }
}
