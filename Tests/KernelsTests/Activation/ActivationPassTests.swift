import Kernels
import TestSupport
import Tensors
import Testing

@Suite struct ActivationPassTests {
  /// One pixel, a few, and enough for several tasks with a rest.
  static let extents = [(1, 8), (7, 24), (2601, 16), (1023, 136)]

  private func shape(_ extent: (pixels: Int, channels: Int)) -> Shape {
    Shape(batch: 1, height: 1, width: extent.pixels, channels: extent.channels)
  }

  @Test("Norm, ReLU, residual, then ReLU and the scaled tanh of the output", arguments: extents, Prologue.all)
  func forward(extent: (pixels: Int, channels: Int), _ prologue: Prologue) {
    var random = Random(seed: 41)
    let input = LazyInput(shape(extent), prologue, random: &random)
    for (rectifies, tanh) in [(false, false), (true, false), (false, true), (true, true)] {
      var expected = rectifies ? Reference.relu(input.reference) : input.reference
      if tanh { expected = Reference.scaledTanh(expected, scale: -3, offset: 1) }
      let results = pools.map { pool in
        withOutput(
          pixels: extent.pixels, channels: extent.channels, rectifies: rectifies,
          tasks: ActivationPass.taskCount(pixels: extent.pixels, channels: extent.channels)
        ) { output in
          input.withActivationInput {
            ActivationPass.forward(
              $0, pixels: extent.pixels, channels: extent.channels,
              scaling: PictureScaling(tanh: tanh ? (-3, 1) : nil), output: output, pool: pool)
          }
        }
      }
      // The approximated tanh is good to 4e-7 of its scale.
      expectAgreement(
        results[0].output, expected, within: tanh ? 1e-6 : Tolerance.prologue, "rectifies \(rectifies), tanh \(tanh)")
      #expect(results[1] == results[0] && results[2] == results[0])
    }
  }

  @Test("The output may be the input's own memory", arguments: extents)
  func inPlace(extent: (pixels: Int, channels: Int)) {
    var random = Random(seed: 42)
    let input = LazyInput(shape(extent), Prologue(hasNorm: true, rectifies: true, hasResidual: true), random: &random)
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
