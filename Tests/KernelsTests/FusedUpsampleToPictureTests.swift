import Kernels
import TestSupport
import Tensors
import Testing
import Threading

@Suite struct FusedUpsampleToPictureTests {
  /// A strip is 12 tiles of 6×6 stored pixels, each of which becomes 2×2: the last sizes take several and a rest.
  static let cases: [ConvolutionCase] = {
    var cases: [ConvolutionCase] = []
    let sizes = [(1, 1), (1, 5), (6, 1), (2, 3), (5, 7), (13, 19), (4, 161), (67, 8)]
    for (index, size) in sizes.enumerated() {
      for mode in PaddingMode.allCases {
        for inputs in [[8, 40], [16, 128], [24, 8], [32, 16]][index % 4] { cases.append(shapes(size, inputs, mode)) }
      }
    }
    return cases
  }()

  private static func shapes(_ size: (height: Int, width: Int), _ inputs: Int, _ mode: PaddingMode) -> ConvolutionCase {
    ConvolutionCase(
      height: size.height, width: size.width, inputs: inputs, outputs: 3, kernel: 3, padding: 1, mode: mode,
      upsampling: 2)
  }

  /// Runs the kernel on a weight and an input that are made from `random`.
  private func forward(
    _ input: LazyInput, _ shapes: ConvolutionCase, weight: Tensor, bias: Tensor? = nil,
    scaling: (scale: Float, offset: Float)? = nil, width: Int? = nil, height: Int? = nil, pool: ComputePool = pool
  ) -> WrittenPicture {
    let geometry = shapes.geometry
    let packed = GuardedBuffer(count: ToPictureAlgorithm.upsample.packedWeightCount(geometry))
    let scratch = GuardedBuffer(
      count: ToPictureAlgorithm.upsample.scratchCount(geometry, threads: pool.threadCount), filledWith: 0)
    let values = GuardedBuffer(weight.elements)
    let bias = bias.map { GuardedBuffer($0.elements) }
    ToPictureAlgorithm.upsample.packWeight(
      FilterWeight(
        values.pointer, outputChannels: 3, inputChannels: weight.shape.dimensions[1], kernel: shapes.kernel), geometry,
      into: packed.pointer)
    let result = writtenPicture(width: width ?? 2 * shapes.width, height: height ?? 2 * shapes.height) { picture in
      input.withActivationInput {
        ToPictureAlgorithm.upsample.forward(
          $0, geometry, weight: packed.pointer, bias: bias.map { UnsafePointer($0.pointer) },
          scaling: PictureScaling(tanh: scaling), picture: picture, scratch: scratch.pointer, pool: pool)
      }
    }
    expectIntact(values, packed, scratch, bias)
    return result
  }

  @Test("Floats agree with double precision, bytes are the floats clamped and rounded", arguments: cases)
  func agreesWithReference(_ shapes: ConvolutionCase) {
    var random = Random(seed: 31)
    let input = LazyInput(shapes.inputShape, random: &random)
    // A spread beyond 0…255 on both sides.
    let weight = random.tensor(shapes.weightShape, in: -60...60)
    let bias = random.tensor(Shape([3]), in: 80...150)
    #expect(ToPictureAlgorithm.upsample.supports(shapes.geometry))
    let expected = referenceConvolution(input.reference, shapes, weight: weight, bias: bias)
    let picture = forward(input, shapes, weight: weight, bias: bias)
    expectAgreement(picture.floats, expected, within: Tolerance.of(.upsampleWinograd), "bias")
    #expect(picture.bytes == nearestBytes(picture.floats))
    let plain = forward(input, shapes, weight: weight)
    let expectedPlain = referenceConvolution(input.reference, shapes, weight: weight)
    expectAgreement(plain.floats, expectedPlain, within: Tolerance.of(.upsampleWinograd), "no bias")
  }

  @Test("The scaled tanh of the result", arguments: cases)
  func scaledTanh(_ shapes: ConvolutionCase) {
    var random = Random(seed: 32)
    let input = LazyInput(shapes.inputShape, random: &random)
    let spread = 4 / Float(shapes.inputs * shapes.kernel * shapes.kernel).squareRoot()
    let weight = random.tensor(shapes.weightShape, in: -spread...spread)
    let bias = random.tensor(Shape([3]))
    let expected = Reference.scaledTanh(
      referenceConvolution(input.reference, shapes, weight: weight, bias: bias), scale: 150, offset: 127.5)
    let picture = forward(input, shapes, weight: weight, bias: bias, scaling: (150, 127.5))
    // Of the range 150 of the tanh, whose steepest slope is 1.
    #expect(Discrepancy(picture.floats, expected: expected.elements).maximum <= 150 * Tolerance.of(.upsampleWinograd))
    #expect(picture.bytes == nearestBytes(picture.floats))
  }

  @Test("Only the picture's own pixels are written where the network computed more", arguments: cases)
  func cropped(_ shapes: ConvolutionCase) {
    var random = Random(seed: 33)
    let input = LazyInput(shapes.inputShape, random: &random)
    let weight = random.tensor(shapes.weightShape, in: -60...60)
    let whole = forward(input, shapes, weight: weight)
    let sizes: [(width: Int, height: Int)] = [
      (max(1, 2 * shapes.width - 3), 2 * shapes.height - 1), (2 * shapes.width - 1, max(1, 2 * shapes.height - 4)),
      (1, 2 * shapes.height), (2 * shapes.width, 1),
    ]
    for (width, height) in sizes {
      let part = forward(input, shapes, weight: weight, width: width, height: height)
      var kept = WrittenPicture(bytes: [], floats: [])
      for row in 0..<height {
        let first = row * 6 * shapes.width
        kept.bytes += whole.bytes[first..<first + 3 * width]
        kept.floats += whole.floats[first..<first + 3 * width]
      }
      #expect(part == kept, "\(width)×\(height)")
    }
  }

  @Test("Norm, ReLU and residual are read along", arguments: Prologue.all, PaddingMode.allCases)
  func prologue(_ prologue: Prologue, mode: PaddingMode) {
    for inputs in [8, 16, 40] {
      let shapes = Self.shapes((11, 17), inputs, mode)
      var random = Random(seed: 34)
      let input = LazyInput(shapes.inputShape, prologue, random: &random)
      let weight = random.tensor(shapes.weightShape)
      let expected = referenceConvolution(input.reference, shapes, weight: weight)
      let picture = forward(input, shapes, weight: weight)
      expectAgreement(picture.floats, expected, within: Tolerance.of(.upsampleWinograd), "\(inputs) channels")
    }
  }

  @Test("Results are the same bits for any number of threads", arguments: cases)
  func resultsDoNotDependOnThreads(_ shapes: ConvolutionCase) {
    var random = Random(seed: 35)
    let input = LazyInput(shapes.inputShape, Prologue(hasNorm: true, rectifies: true), random: &random)
    let weight = random.tensor(shapes.weightShape, in: -60...60)
    let results = pools.map { forward(input, shapes, weight: weight, scaling: (150, 127.5), pool: $0) }
    #expect(results[1] == results[0] && results[2] == results[0])
  }

  @Test("Input channels that the weight does not have count as zeros")
  func fewerChannels() {
    var random = Random(seed: 36)
    let shapes = Self.shapes((9, 10), 16, .zeros)
    let input = LazyInput(shapes.inputShape, random: &random)
    let small = random.tensor(Shape([3, 11, 3, 3]))
    var weight = ReferenceTensor(shapes.weightShape)
    for value in 0..<small.count {
      weight[value / 99, value / 9 % 11, value % 9 / 3, value % 3] = Double(small.elements[value])
    }
    let expected = referenceConvolution(input.reference, shapes, weight: weight.tensor)
    expectAgreement(
      forward(input, shapes, weight: small).floats, expected, within: Tolerance.of(.upsampleWinograd),
      "11 of 16 channels")
  }

  @Test("What the kernel does not compute is said, and it is preferred where it computes")
  func supports() {
    func supports(inputs: Int = 8, outputs: Int = 3, kernel: Int = 3, batch: Int = 1, upsampling: Int = 2) -> Bool {
      let geometry = ConvolutionCase(
        batch: batch, height: 4, width: 4, inputs: inputs, outputs: outputs, kernel: kernel, padding: kernel / 2,
        mode: .zeros, upsampling: upsampling
      ).geometry
      let isSupported = ToPictureAlgorithm.upsample.supports(geometry)
      #expect(isSupported == (ToPictureAlgorithm.preferred(for: geometry) == .upsample))
      return isSupported
    }
    #expect(supports() && supports(inputs: 128))
    #expect(!supports(inputs: 3) && !supports(inputs: 136) && !supports(outputs: 8) && !supports(kernel: 5))
    #expect(!supports(batch: 2) && !supports(upsampling: 1))
  }
}
