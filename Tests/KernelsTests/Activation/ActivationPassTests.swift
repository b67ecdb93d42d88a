import Foundation
import Kernels
import TestSupport
import Tensors
import Testing

@Suite struct ActivationPassTests {
  /// One pixel, a few, and enough for several tasks with a remainder.
  static let extents = [(1, 8), (7, 24), (2601, 16), (1023, 136)]

  private func shape(_ extent: (pixels: Int, channels: Int)) -> Shape {
    Shape(batch: 1, height: 1, width: extent.pixels, channels: extent.channels)
  }

  /// Each function with its value in double precision.
  private static let functions: [(PointwiseFunction, tolerance: Double, @Sendable (Double) -> Double)] = [
    (.identity, Tolerance.prologue, { $0 }), (.relu, Tolerance.prologue, { max($0, 0) }),
    (.affine(scale: 0.25, offset: 1), Tolerance.prologue, { 1 + 0.25 * $0 }),
    // The approximation of tanh is accurate to 4e-7 of its scale.
    (.scaledTanh(scale: -3, offset: 1), 1e-6, { 1 - 3 * tanh($0) }),
  ]

  @Test("Norm, ReLU and residual are applied before the function", arguments: extents, Prologue.all)
  func forward(extent: (pixels: Int, channels: Int), _ prologue: Prologue) {
    var random = Random(seed: 41)
    let input = LazyInput(shape(extent), prologue, random: &random)
    for (function, tolerance, reference) in Self.functions {
      var expected = input.reference
      for index in expected.elements.indices { expected.elements[index] = reference(expected.elements[index]) }
      let results = pools.map { pool in
        withOutput(
          pixels: extent.pixels, channels: extent.channels,
          tasks: ActivationPass.taskCount(pixels: extent.pixels, channels: extent.channels)
        ) { output in
          input.withActivationInput {
            ActivationPass.forward(
              $0, pixels: extent.pixels, channels: extent.channels, function: function, output: output, pool: pool)
          }
        }
      }
      expectAgreement(results[0].output, expected, within: tolerance, "\(function)")
      #expect(results[1] == results[0] && results[2] == results[0])
    }
  }

  @Test("The output may be the input's own memory", arguments: extents)
  func inPlace(extent: (pixels: Int, channels: Int)) {
    var random = Random(seed: 42)
    let input = LazyInput(shape(extent), Prologue(hasNorm: true, appliesReLU: true, hasResidual: true), random: &random)
    let buffer = GuardedBuffer(inBlocks(input.values.elements, batch: 1, channels: extent.channels))
    input.withActivationInput { description in
      var description = description
      description.values = UnsafePointer(buffer.pointer)
      ActivationPass.forward(
        description, pixels: extent.pixels, channels: extent.channels, output: ActivationOutput(buffer.pointer),
        pool: pool)
    }
    expectIntact(buffer)
    let output = fromBlocks(buffer.elements, batch: 1, channels: extent.channels)
    expectAgreement(output, input.reference, within: Tolerance.prologue, "in place")
  }
}
