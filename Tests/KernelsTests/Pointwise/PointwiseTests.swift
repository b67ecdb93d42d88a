import Kernels
import TestSupport
import Tensors
import Testing

@Suite struct PointwiseTests {
  /// Below, at and above a vector register, and more than one chunk with a remainder.
  static let counts = [1, 3, 8, 13, 100, 70_001]

  /// Returns values that include zeros of both signs and equal neighbours.
  private func values(_ count: Int, seed: UInt64) -> ReferenceTensor {
    var random = Random(seed: seed)
    var elements = random.wholeNumbers(Shape([count]), in: -2...2).elements
    if count > 2 { elements[2] = -0.0 }
    return ReferenceTensor(Shape([count]), elements: elements.map(Double.init))
  }

  private func uniform(_ count: Int, seed: UInt64, in range: ClosedRange<Float> = -1...1) -> ReferenceTensor {
    var random = Random(seed: seed)
    return ReferenceTensor(random.tensor(Shape([count]), in: range))
  }

  @Test(arguments: counts)
  func addIsExact(count: Int) {
    let (first, second) = (uniform(count, seed: 1), uniform(count, seed: 2))
    let addend = GuardedBuffer(second.floats)
    let sum = guarded(first.floats, count: count) {
      Pointwise.add($0, addend.pointer, output: $1, count: count, pool: pool)
    }
    #expect(sum == zip(first.floats, second.floats).map { $0 + $1 })
    let inPlace = GuardedBuffer(first.floats)
    Pointwise.add(inPlace.pointer, addend.pointer, output: inPlace.pointer, count: count, pool: pool)
    #expect(inPlace.elements == sum)
    expectIntact(addend, inPlace)
  }

  @Test(arguments: counts)
  func reluIsExact(count: Int) {
    let input = values(count, seed: 3)
    let gradient = uniform(count, seed: 4)
    let output = guarded(input.floats, count: count) {
      Pointwise.forward(.relu, $0, output: $1, count: count, pool: pool)
    }
    #expect(output == Reference.relu(input).floats)
    let outer = GuardedBuffer(gradient.floats)
    defer { expectIntact(outer) }
    let inputGradient = guarded(output, count: count) {
      Pointwise.backward(.relu, output: $0, dOutput: outer.pointer, dInput: $1, count: count, pool: pool)
    }
    #expect(inputGradient == Reference.reluBackward(gradient, input: input).floats)
  }

  /// The trainer stops at the first NaN loss, so the kernels must propagate it.
  @Test func reluKeepsNaN() {
    let output = guarded([.nan, -1, 2], count: 3) { Pointwise.forward(.relu, $0, output: $1, count: 3, pool: pool) }
    #expect(output[0].isNaN && output[1] == 0 && output[2] == 2)
  }

  @Test(arguments: counts)
  func scaledTanhAgreesWithReference(count: Int) {
    let input = uniform(count, seed: 5, in: -4...4)
    let gradient = uniform(count, seed: 6)
    let output = scaledTanh(input.floats)
    expectAgreement(
      output, Reference.scaledTanh(input, scale: 150, offset: 127.5), within: Tolerance.singlePrecision, "output")
    let discrepancy = Discrepancy(
      scaledTanhBackward(output: output, gradient: gradient.floats),
      expected: Reference.scaledTanhBackward(gradient, input: input, scale: 150).elements)
    // `1 − t²` from an output rounded at 277: a few units of 2⁻²⁴ of the maximum factor of the gradient, 150.
    #expect(discrepancy.maximum <= 150 * Tolerance.singlePrecision, "\(discrepancy)")
  }

  @Test("Gradients agree with central differences, on a tail too", arguments: PointwiseFunction.examples)
  func gradient(of function: PointwiseFunction) {
    // No value is within a step of 0, where a ReLU has no derivative.
    let input = uniform(61, seed: 7, in: -2...2).floats.map { abs($0) < 0.05 ? $0 + 0.1 : $0 }
    let outer = uniform(61, seed: 8).floats
    func value(_ input: [Float]) -> [Float] {
      guarded(input, count: input.count) {
        Pointwise.forward(function, $0, output: $1, count: input.count, pool: pool)
      }
    }
    let dOutput = GuardedBuffer(outer)
    defer { expectIntact(dOutput) }
    let dInput = guarded(value(input), count: input.count) {
      Pointwise.backward(
        function, output: $0, dOutput: dOutput.pointer, dInput: $1, count: input.count, pool: pool)
    }
    let mismatches = gradientMismatches(
      at: input, analytic: dInput, indices: Array(input.indices), step: 1e-2, tolerance: Tolerance.centralDifference
    ) { weightedSum(value($0), outer) }
    #expect(mismatches.isEmpty, "\(mismatches)")
  }

  @Test func agreesWithPyTorch() throws {
    let golden = try Golden("operations")
    let relu = try golden.tensor("relu.input").elements
    let output = guarded(relu, count: relu.count) {
      Pointwise.forward(.relu, $0, output: $1, count: relu.count, pool: pool)
    }
    #expect(output == (try golden.tensor("relu.output").elements))
    let outer = GuardedBuffer(try golden.tensor("relu.output_gradient").elements)
    defer { expectIntact(outer) }
    let inputGradient = guarded(output, count: relu.count) {
      Pointwise.backward(.relu, output: $0, dOutput: outer.pointer, dInput: $1, count: relu.count, pool: pool)
    }
    #expect(inputGradient == (try golden.tensor("relu.input_gradient").elements))

    let tangent = scaledTanh(try golden.tensor("scaled_tanh.input").elements)
    expectAgreement(tangent, try golden.reference("scaled_tanh.output"), within: Tolerance.singlePrecision, "tanh")
    expectAgreement(
      scaledTanhBackward(output: tangent, gradient: try golden.tensor("scaled_tanh.output_gradient").elements),
      try golden.reference("scaled_tanh.input_gradient"), within: Tolerance.singlePrecision, "tanh gradient")
  }

  @Test func mapPixelsReordersChannelsAndSubtracts() {
    let output = guarded([1, 2, 3, 10, 20, 30], count: 6) {
      Pointwise.mapPixels($0, order: (2, 1, 0), offset: (0.5, 1, 2), output: $1, pixels: 2, pool: pool)
    }
    #expect(output == [2.5, 1, -1, 29.5, 19, 8])
  }

  private func scaledTanh(_ input: [Float]) -> [Float] {
    guarded(input, count: input.count) {
      Pointwise.forward(.scaledTanh(scale: 150, offset: 127.5), $0, output: $1, count: input.count, pool: pool)
    }
  }

  private func scaledTanhBackward(output: [Float], gradient: [Float]) -> [Float] {
    let outer = GuardedBuffer(gradient)
    defer { expectIntact(outer) }
    return guarded(output, count: output.count) {
      Pointwise.backward(
        .scaledTanh(scale: 150, offset: 127.5), output: $0, dOutput: outer.pointer, dInput: $1, count: output.count,
        pool: pool)
    }
  }
}
