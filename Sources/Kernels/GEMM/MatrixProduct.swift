import COpenBLAS

/// Single-precision matrix products through OpenBLAS, on the calling thread. The first one loads the library.
///
/// Several threads may multiply at once. Each product runs on one thread; the compute pool divides the work.
package enum MatrixProduct {
  /// An operand in row-major order.
  package struct Operand {
    let pointer: UnsafePointer<Float>
    let stride: Int
    let isTransposed: Bool

    /// Creates an operand whose rows are `stride` floats apart. `transposed` exchanges its rows and columns.
    @inline(__always)
    package init(_ pointer: UnsafePointer<Float>, stride: Int, transposed: Bool = false) {
      self.pointer = pointer
      self.stride = stride
      isTransposed = transposed
    }
  }

  /// Swift initializes this once, on first use, and makes concurrent callers wait.
  private static let isConfigured: Bool = {
    impasto_openblas_configure()
    return true
  }()

  /// `C = A·B`, or `C += A·B` with `accumulate`: `A` is M×K, `B` is K×N, `C` is M×N with rows `cStride` floats apart.
  package static func multiply(
    _ a: Operand, _ b: Operand, rows m: Int, columns n: Int, inner k: Int,
    into c: UnsafeMutablePointer<Float>, stride cStride: Int, accumulate: Bool = false
  ) {
    guard isConfigured, m > 0, n > 0 else { return }
    impasto_openblas_sgemm(
      CblasRowMajor, a.isTransposed ? CblasTrans : CblasNoTrans, b.isTransposed ? CblasTrans : CblasNoTrans,
      blasint(m), blasint(n), blasint(k), 1, a.pointer, blasint(a.stride), b.pointer, blasint(b.stride),
      accumulate ? 1 : 0, c, blasint(cStride))
  }

  /// Computes the upper triangle of `C = Aᵀ·A`: `A` is K×N with rows `aStride` floats apart, `C` is N×N with rows N
  /// floats apart. The part of `C` below the diagonal is not changed.
  package static func square(
    _ a: UnsafePointer<Float>, stride aStride: Int, columns n: Int, inner k: Int, into c: UnsafeMutablePointer<Float>
  ) {
    guard isConfigured, n > 0 else { return }
    impasto_openblas_ssyrk(
      CblasRowMajor, CblasUpper, CblasTrans, blasint(n), blasint(k), 1, a, blasint(aStride), 0, c, blasint(n))
  }
}
