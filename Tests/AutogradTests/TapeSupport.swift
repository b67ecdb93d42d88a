import Autograd
import TestSupport
import Tensors
import Testing
import Threading

/// The threads for all tapes here, possibly more than the machine has cores.
let pool = ComputePool(threads: 3)

/// Tolerances, as fractions of the range of the result.
enum Tolerance {
  /// One operation in single precision. Winograd's transforms increase the rounding error about fivefold.
  static let operation = 1.5e-5
  /// Sixteen convolutions, with ReLU in between, and the squares of the losses.
  static let chain = 2e-5
  /// Central differences of one operation: its rounding error divided by the step.
  static let centralDifference = 2e-3
  /// Central differences of a network: the step also crosses the kinks of a few ReLUs.
  static let networkCentralDifference = 2e-2
}

/// Returns a tape with its own allocator.
func makeTape() -> Tape { Tape(pool: pool, allocator: TensorAllocator()) }

/// Returns the value of `operation` and the gradients of `Σ output · outputGradient` with respect to its inputs.
func differentiate(
  _ inputs: [Tensor], outputGradient: Tensor, _ operation: (Tape, [Variable]) -> Variable
) throws -> (output: Tensor, gradients: [Tensor]) {
  let tape = makeTape()
  let variables = inputs.map { Variable($0, requiresGradient: true) }
  let output = operation(tape, variables)
  tape.seed(output, gradient: outputGradient)
  tape.backward()
  return (output.value, try variables.map { try #require($0.gradient) })
}

/// Expects `computed` to differ from `expected` by at most `tolerance` times the range of `expected`.
func expectAgreement(
  _ computed: Tensor, _ expected: ReferenceTensor, within tolerance: Double, _ name: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let discrepancy = Discrepancy(computed, expected: expected)
  #expect(discrepancy.relative <= tolerance, "\(name): \(discrepancy)", sourceLocation: sourceLocation)
}
