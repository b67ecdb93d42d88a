import Kernels
import TestSupport
import Tensors
import Testing
import Threading

@Suite struct FusedDirectToPictureTests {
  /// A strip is 64 pixels wide and 4 high: the last two sizes take several and a rest.
  static let cases: [ConvolutionCase] = {
    var cases: [ConvolutionCase] = []
    let sizes = [(1, 1), (1, 5), (6, 1), (2, 3), (5, 7), (13, 19), (4, 161), (67, 8)]
    for (sizeIndex, size) in sizes.enumerated() {
      for (kernelIndex, kernel) in [1, 3, 5, 7, 9].enumerated() {
        for mode in PaddingMode.allCases {
          cases.append(
            ConvolutionCase(
              height: size.0, width: size.1, inputs: [8, 16, 24, 40, 32][(sizeIndex + kernelIndex) % 5], outputs: 3,
              kernel: kernel, padding: kernel / 2, mode: mode))
        }
      }
    }
    return cases
  }()

  /// Runs the kernel on a weight and an input that are made from `random`.
  private func forward(
    _ input: LazyInput, _ shapes: ConvolutionCase, weight: Tensor, bias: Tensor? = nil,
    scaling: (scale: Float, offset: Float)? = nil, width: Int? = nil, height: Int? = nil, pool: ComputePool = pool
  ) -> WrittenPicture {
    let geometry = shapes.geometry
    let packed = GuardedBuffer(count: ToPictureAlgorithm.direct.packedWeightCount(geometry))
    let scratch = GuardedBuffer(
      count: ToPictureAlgorithm.direct.scratchCount(geometry, threads: pool.threadCount), filledWith: 0)
    let values = GuardedBuffer(weight.elements)
    let bias = bias.map { GuardedBuffer($0.elements) }
    ToPictureAlgorithm.direct.packWeight(
      FilterWeight(
        values.pointer, outputChannels: 3, inputChannels: weight.shape.dimensions[1], kernel: shapes.kernel), geometry,
      into: packed.pointer)
    let result = writtenPicture(width: width ?? shapes.width, height: height ?? shapes.height) { picture in
      input.withActivationInput {
        ToPictureAlgorithm.direct.forward(
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
    #expect(ToPictureAlgorithm.direct.supports(shapes.geometry))
    let expected = referenceConvolution(input.reference, shapes, weight: weight, bias: bias)
    let picture = forward(input, shapes, weight: weight, bias: bias)
    expectAgreement(picture.floats, expected, within: Tolerance.singlePrecision, "bias")
    #expect(picture.bytes == nearestBytes(picture.floats))
    let plain = forward(input, shapes, weight: weight)
    let expectedPlain = referenceConvolution(input.reference, shapes, weight: weight)
    expectAgreement(plain.floats, expectedPlain, within: Tolerance.singlePrecision, "no bias")
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
    #expect(Discrepancy(picture.floats, expected: expected.elements).maximum <= 150 * Tolerance.singlePrecision)
    #expect(picture.bytes == nearestBytes(picture.floats))
  }

  @Test("Only the picture's own pixels are written where the network computed more", arguments: cases)
  func cropped(_ shapes: ConvolutionCase) {
    var random = Random(seed: 33)
    let input = LazyInput(shapes.inputShape, random: &random)
    let weight = random.tensor(shapes.weightShape, in: -60...60)
    let whole = forward(input, shapes, weight: weight)
    let sizes: [(width: Int, height: Int)] = [
      (max(1, shapes.width - 3), max(1, shapes.height - 1)), (max(1, shapes.width - 1), max(1, shapes.height - 4)),
      (1, shapes.height), (shapes.width, 1),
    ]
    for (width, height) in sizes {
      let part = forward(input, shapes, weight: weight, width: width, height: height)
      var kept = WrittenPicture(bytes: [], floats: [])
      for row in 0..<height {
        let first = row * 3 * shapes.width
        kept.bytes += whole.bytes[first..<first + 3 * width]
        kept.floats += whole.floats[first..<first + 3 * width]
      }
      #expect(part == kept, "\(width)×\(height)")
    }
  }

  @Test("Norm, ReLU and residual are read along", arguments: Prologue.all, PaddingMode.allCases)
  func prologue(_ prologue: Prologue, mode: PaddingMode) {
    for (inputs, kernel) in [(8, 9), (16, 1), (40, 3), (8, 3)] {
      let shapes = ConvolutionCase(
        height: 11, width: 17, inputs: inputs, outputs: 3, kernel: kernel, padding: kernel / 2, mode: mode)
      var random = Random(seed: 34)
      let input = LazyInput(shapes.inputShape, prologue, random: &random)
      let weight = random.tensor(shapes.weightShape)
      let expected = referenceConvolution(input.reference, shapes, weight: weight)
      let picture = forward(input, shapes, weight: weight)
      expectAgreement(
        picture.floats, expected, within: Tolerance.singlePrecision, "\(inputs) channels, \(kernel)×\(kernel)")
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
    let shapes = ConvolutionCase(height: 9, width: 10, inputs: 16, outputs: 3, kernel: 5, padding: 2, mode: .zeros)
    let input = LazyInput(shapes.inputShape, random: &random)
    let small = random.tensor(Shape([3, 11, 5, 5]))
    var weight = ReferenceTensor(shapes.weightShape)
    for output in 0..<3 {
      for channel in 0..<11 {
        for tap in 0..<25 {
          weight[output, channel, tap / 5, tap % 5] = Double(small.elements[(output * 11 + channel) * 25 + tap])
        }
      }
    }
    let expected = referenceConvolution(input.reference, shapes, weight: weight.tensor)
    expectAgreement(
      forward(input, shapes, weight: small).floats, expected, within: Tolerance.singlePrecision, "11 of 16 channels")
  }

  @Test("What is not a number becomes the byte 0, and pixels far from it are as before")
  func notANumber() {
    var random = Random(seed: 37)
    let shapes = ConvolutionCase(height: 40, width: 40, inputs: 16, outputs: 3, kernel: 9, padding: 4, mode: .reflect)
    let weight = random.tensor(shapes.weightShape)
    let input = LazyInput(shapes.inputShape, random: &random)
    let clean = forward(input, shapes, weight: weight, scaling: (150, 127.5))
    for value in [Float.nan, .infinity, -.infinity] {
      input.values.pointer[(20 * 40 + 20) * 16 + 5] = value
      let picture = forward(input, shapes, weight: weight, scaling: (150, 127.5))
      #expect(picture.bytes == nearestBytes(picture.floats), "\(value)")
      for y in 0..<40 {
        for x in 0..<40 {
          let distance = max(abs(x - 20), abs(y - 20))
          let pixel = (y * 40 + x) * 3..<(y * 40 + x + 1) * 3
          // The kernel reaches 4 pixels; the 3×3 blocks of nine taps and tiles of three reach at most as far again.
          if distance > 12 { #expect(picture.bytes[pixel] == clean.bytes[pixel], "\(value) at \(x), \(y)") }
          if distance <= 4 && value.isNaN { #expect(picture.bytes[pixel].allSatisfy { $0 == 0 }, "at \(x), \(y)") }
        }
      }
    }
  }

  @Test("Halves are rounded to the even byte, values beyond the range are clamped")
  func rounding() {
    // One tap of 1 on one channel: the picture is the activation's first three channels, exactly.
    let values: [Float] = [
      -1e30, -1, -0.5, -0.25, 0, 0.5, 0.75, 1.5, 2.5, 126.5, 127.5, 128.5, 253.5, 254.5, 254.75, 255, 255.5, 300, 1e30,
    ]
    let shapes = ConvolutionCase(
      height: 1, width: values.count, inputs: 8, outputs: 3, kernel: 1, padding: 0, mode: .zeros)
    var random = Random(seed: 38)
    let input = LazyInput(shapes.inputShape, random: &random)
    for (pixel, value) in values.enumerated() {
      for channel in 0..<8 { input.values.pointer[pixel * 8 + channel] = channel == 0 ? value : 0 }
    }
    let weight = Tensor(shapes.weightShape)
    for output in 0..<3 { weight.pointer[output * 8] = 1 }
    let zeros = forward(input, shapes, weight: weight)
    #expect(zeros.bytes == nearestBytes(zeros.floats))
    #expect(zeros.bytes.contains(0) && zeros.bytes.contains(255))
  }

  @Test("The preferred form is as documented")
  func preferred() {
    func preferred(_ inputs: Int, _ kernel: Int) -> ToPictureAlgorithm {
      .preferred(
        for: ConvolutionCase(
          height: 4, width: 4, inputs: inputs, outputs: 3, kernel: kernel, padding: kernel / 2, mode: .zeros
        ).geometry)
    }
    #expect(preferred(8, 3) == .direct && preferred(16, 1) == .direct)
    #expect(preferred(24, 3) == .winograd && preferred(8, 5) == .winograd)
  }
}
