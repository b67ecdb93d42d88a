import Kernels
import TestSupport
import Tensors
import Testing

@Suite struct DepthwiseConvolutionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var batch = 1
    var height: Int
    var width: Int
    var channels: Int
    var kernel = 3
    var stride = 1
    var mode = PaddingMode.reflect

    var testDescription: String { "\(batch)×\(height)×\(width)×\(channels), \(kernel)/\(stride) \(mode)" }

    var geometry: ConvolutionGeometry {
      ConvolutionGeometry(
        batch: batch, height: height, width: width, inputChannels: channels, outputChannels: channels, kernel: kernel,
        stride: stride, padding: kernel / 2, paddingMode: mode)
    }

    var reference: Reference.ConvolutionGeometry {
      .init(stride: stride, padding: kernel / 2, mode: .init(mode))
    }
  }

  /// One pixel, fewer pixels than the kernel, rows without an interior, both strides at odd and even sizes, channel
  /// counts around a vector register.
  static let cases = [
    Case(height: 1, width: 1, channels: 3), Case(height: 1, width: 1, channels: 8, mode: .zeros),
    Case(height: 2, width: 1, channels: 1, stride: 2), Case(height: 3, width: 2, channels: 9),
    Case(batch: 2, height: 7, width: 9, channels: 5), Case(batch: 2, height: 7, width: 9, channels: 5, mode: .zeros),
    Case(batch: 3, height: 8, width: 11, channels: 16, stride: 2),
    Case(height: 9, width: 8, channels: 13, stride: 2, mode: .zeros),
    Case(height: 6, width: 5, channels: 32, stride: 3),
    Case(batch: 2, height: 9, width: 7, channels: 11, kernel: 5),
    Case(height: 5, width: 12, channels: 8, kernel: 5, stride: 2, mode: .zeros),
    Case(height: 4, width: 6, channels: 7, kernel: 1),
  ]

  private struct Example {
    let kernel: DepthwiseConvolution
    let input: ReferenceTensor
    let weight: ReferenceTensor
    let bias: ReferenceTensor
    let gradient: ReferenceTensor

    init(_ example: Case, seed: UInt64) {
      kernel = DepthwiseConvolution(example.geometry)
      let geometry = example.geometry
      var random = Random(seed: seed)
      input = ReferenceTensor(
        random.tensor(
          Shape(batch: example.batch, height: example.height, width: example.width, channels: example.channels)))
      weight = ReferenceTensor(random.tensor(Shape([example.channels, 1, example.kernel, example.kernel])))
      bias = ReferenceTensor(random.tensor(Shape([example.channels])))
      gradient = ReferenceTensor(
        random.tensor(
          Shape(
            batch: example.batch, height: geometry.outputHeight, width: geometry.outputWidth,
            channels: example.channels)))
    }

    var prepared: [Float] {
      let target = GuardedBuffer(count: kernel.preparedWeightCount)
      let source = GuardedBuffer(weight.floats)
      kernel.prepareWeight(source.pointer, into: target.pointer)
      expectIntact(source, target)
      return target.elements
    }

    func forward(_ point: [Float]? = nil, usesBias: Bool = true, appliesReLU: Bool = false) -> [Float] {
      let (weights, biases) = (GuardedBuffer(prepared), GuardedBuffer(bias.floats))
      defer { expectIntact(weights, biases) }
      return guarded(point ?? input.floats, count: gradient.shape.count) {
        kernel.forward(
          $0, preparedWeight: weights.pointer,
          epilogue: ConvolutionEpilogue(bias: usesBias ? UnsafePointer(biases.pointer) : nil, appliesReLU: appliesReLU),
          output: $1, pool: pool)
      }
    }

    /// Returns both gradients, added to arrays of `start`.
    func backward(start: Float = 0) -> (input: [Float], weight: [Float]) {
      let (source, outer, weights) = (
        GuardedBuffer(input.floats), GuardedBuffer(gradient.floats), GuardedBuffer(prepared)
      )
      let dInput = GuardedBuffer(count: input.shape.count, filledWith: start)
      let dWeight = GuardedBuffer(count: weight.shape.count, filledWith: start)
      var scratch = [Double](repeating: .nan, count: kernel.backwardScratchCount)
      scratch.withUnsafeMutableBufferPointer { scratch in
        guard let scratch = scratch.baseAddress else { return }
        kernel.backward(
          source.pointer, dOutput: outer.pointer, preparedWeight: weights.pointer, dInput: dInput.pointer,
          dWeight: dWeight.pointer, scratch: scratch, pool: pool)
      }
      expectIntact(source, outer, weights, dInput, dWeight)
      return (dInput.elements, dWeight.elements)
    }
  }

  @Test(arguments: cases)
  func forwardAgreesWithReference(_ example: Case) {
    let data = Example(example, seed: 1)
    let plain = Reference.depthwiseConvolution(
      data.input, weight: data.weight, bias: nil, geometry: example.reference)
    let biased = Reference.depthwiseConvolution(
      data.input, weight: data.weight, bias: data.bias, geometry: example.reference)
    expectAgreement(data.forward(usesBias: false), plain, within: Tolerance.singlePrecision, "plain")
    expectAgreement(data.forward(), biased, within: Tolerance.singlePrecision, "biased")
    expectAgreement(
      data.forward(appliesReLU: true), Reference.relu(biased), within: Tolerance.singlePrecision, "rectified")
  }

  @Test(arguments: cases)
  func backwardAgreesWithReference(_ example: Case) {
    let data = Example(example, seed: 2)
    let expected = Reference.depthwiseConvolutionBackward(
      data.gradient, input: data.input, weight: data.weight, geometry: example.reference)
    let computed = data.backward()
    expectAgreement(computed.input, expected.input, within: Tolerance.singlePrecision, "input")
    expectAgreement(computed.weight, expected.weight, within: Tolerance.singlePrecision, "weight")
    let added = data.backward(start: 2)
    for (name, plain, moved) in [
      ("input", computed.input, added.input), ("weight", computed.weight, added.weight),
    ] {
      #expect(zip(plain, moved).allSatisfy { abs($0 + 2 - $1) <= 1e-5 }, "\(name) is not added to the existing values")
    }
  }

  @Test func agreesWithCentralDifferences() {
    let data = Example(Case(height: 6, width: 7, channels: 9, stride: 2), seed: 3)
    var random = Random(seed: 4)
    // The map is linear: a large step is exact.
    let mismatches = gradientMismatches(
      at: data.input.floats, analytic: data.backward().input,
      indices: random.indices(count: 40, below: data.input.shape.count), step: 0.25,
      tolerance: Tolerance.centralDifference
    ) { weightedSum(data.forward($0), data.gradient.floats) }
    #expect(mismatches.isEmpty, "\(mismatches)")
  }
}
