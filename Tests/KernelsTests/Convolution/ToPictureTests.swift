import Kernels
import Tensors
import TestSupport
import Testing

@Suite struct ToPictureTests {
  @Test("Floats agree with double precision, bytes are the floats clamped and rounded", arguments: ToPictureCase.all)
  func agreesWithReference(_ layer: ToPictureCase) {
    let shapes = layer.shapes
    var random = Random(seed: 31)
    let input = LazyInput(shapes.inputShape, random: &random)
    // A range beyond 0…255 on both sides.
    let weight = random.tensor(shapes.weightShape, in: -60...60)
    let bias = random.tensor(Shape([3]), in: 80...150)
    #expect(layer.algorithm.supports(shapes.geometry))
    let expected = referenceConvolution(input.reference, shapes, weight: weight, bias: bias)
    let picture = layer.picture(input, weight: weight, bias: bias)
    expectAgreement(picture.floats, expected, within: layer.tolerance, "bias")
    #expect(picture.bytes == nearestBytes(picture.floats))
    let plain = layer.picture(input, weight: weight)
    let expectedPlain = referenceConvolution(input.reference, shapes, weight: weight)
    expectAgreement(plain.floats, expectedPlain, within: layer.tolerance, "no bias")
  }

  @Test("The result is scaled by tanh", arguments: ToPictureCase.all)
  func scaledTanh(_ layer: ToPictureCase) {
    let shapes = layer.shapes
    var random = Random(seed: 32)
    let input = LazyInput(shapes.inputShape, random: &random)
    let spread = 4 / Float(shapes.inputs * shapes.kernel * shapes.kernel).squareRoot()
    let weight = random.tensor(shapes.weightShape, in: -spread...spread)
    let bias = random.tensor(Shape([3]))
    let expected = Reference.scaledTanh(
      referenceConvolution(input.reference, shapes, weight: weight, bias: bias), scale: 150, offset: 127.5)
    let picture = layer.picture(input, weight: weight, bias: bias, scaling: (150, 127.5))
    // As a fraction of the range 150 of the tanh, whose maximum slope is 1.
    #expect(Discrepancy(picture.floats, expected: expected.elements).maximum <= 150 * layer.tolerance)
    #expect(picture.bytes == nearestBytes(picture.floats))
  }

  @Test("Only pixels within the picture are written", arguments: ToPictureCase.all)
  func cropped(_ layer: ToPictureCase) {
    var random = Random(seed: 33)
    let input = LazyInput(layer.shapes.inputShape, random: &random)
    let weight = random.tensor(layer.shapes.weightShape, in: -60...60)
    let whole = layer.picture(input, weight: weight)
    let sizes: [(width: Int, height: Int)] = [
      (max(1, layer.width - 3), max(1, layer.height - 1)), (max(1, layer.width - 1), max(1, layer.height - 4)),
      (1, layer.height), (layer.width, 1),
    ]
    for (width, height) in sizes {
      let part = layer.picture(input, weight: weight, width: width, height: height)
      var kept = WrittenPicture(bytes: [], floats: [])
      for row in 0..<height {
        let first = row * 3 * layer.width
        kept.bytes += whole.bytes[first..<first + 3 * width]
        kept.floats += whole.floats[first..<first + 3 * width]
      }
      #expect(part == kept, "\(width)×\(height)")
    }
  }

  @Test("Norm, ReLU and residual of the input are applied", arguments: Prologue.all, ToPictureCase.few)
  func prologue(_ prologue: Prologue, _ layer: ToPictureCase) {
    var random = Random(seed: 34)
    let input = LazyInput(layer.shapes.inputShape, prologue, random: &random)
    let weight = random.tensor(layer.shapes.weightShape)
    let expected = referenceConvolution(input.reference, layer.shapes, weight: weight)
    expectAgreement(
      layer.picture(input, weight: weight).floats, expected, within: layer.tolerance, layer.testDescription)
  }

  @Test("Results are bit-identical for any number of threads", arguments: ToPictureCase.all)
  func resultsDoNotDependOnThreads(_ layer: ToPictureCase) {
    var random = Random(seed: 35)
    let input = LazyInput(layer.shapes.inputShape, Prologue(hasNorm: true, appliesReLU: true), random: &random)
    let weight = random.tensor(layer.shapes.weightShape, in: -60...60)
    let results = pools.map { layer.picture(input, weight: weight, scaling: (150, 127.5), pool: $0) }
    #expect(results[1] == results[0] && results[2] == results[0])
  }

  @Test("Every algorithm computes some of the cases")
  func everyAlgorithmIsTested() {
    for cases in [ToPictureCase.all, ToPictureCase.few] {
      #expect(Set(cases.map(\.algorithm)) == Set(ToPictureAlgorithm.allCases))
    }
  }

  @Test(
    "Input channels beyond those of the weight count as zeros",
    arguments: ToPictureCase.cases(height: 9, width: 10, inputs: 16, kernel: 5, mode: .zeros)
      + ToPictureCase.cases(height: 9, width: 10, inputs: 16, kernel: 3, mode: .zeros, upsampling: 2))
  func fewerChannels(_ layer: ToPictureCase) {
    let kernel = layer.shapes.kernel
    var random = Random(seed: 36)
    let input = LazyInput(layer.shapes.inputShape, random: &random)
    let small = random.tensor(Shape([3, 11, kernel, kernel]))
    var weight = ReferenceTensor(layer.shapes.weightShape)
    let taps = kernel * kernel
    for index in 0..<small.count {
      let (output, channel, tap) = (index / (11 * taps), index / taps % 11, index % taps)
      weight[output, channel, tap / kernel, tap % kernel] = Double(small.elements[index])
    }
    let expected = referenceConvolution(input.reference, layer.shapes, weight: weight.tensor)
    expectAgreement(
      layer.picture(input, weight: small).floats, expected, within: layer.tolerance, "11 of 16 channels")
  }

  @Test(
    "NaN becomes the byte 0 and does not affect distant pixels",
    arguments: ToPictureCase.cases(height: 40, width: 40, inputs: 16, kernel: 9, mode: .reflect))
  func notANumber(_ layer: ToPictureCase) {
    var random = Random(seed: 37)
    let weight = random.tensor(layer.shapes.weightShape)
    let input = LazyInput(layer.shapes.inputShape, random: &random)
    // The kernel reaches 4 pixels; the 3×3 blocks of nine taps and tiles of three reach at most as far again.
    expectNotANumber(layer, input, weight, at: 20, reach: 4, far: 12)
  }

  @Test(
    "NaN before upsampling becomes the byte 0 and does not affect pixels beyond its 12×12 tile",
    arguments: ToPictureCase.cases(height: 40, width: 40, inputs: 16, kernel: 3, mode: .reflect, upsampling: 2))
  func notANumberBeforeUpsampling(_ layer: ToPictureCase) {
    var random = Random(seed: 37)
    let weight = random.tensor(layer.shapes.weightShape)
    let input = LazyInput(layer.shapes.inputShape, random: &random)
    // The block itself and one pixel around it; a tile's input reaches two stored pixels beyond it.
    expectNotANumber(layer, input, weight, at: 20, scale: 2, reach: 1, far: 18)
  }

  /// Sets the value at stored (`place`, `place`) to NaN. Pixels within `reach` of its picture pixel must be 0, and
  /// those farther than `far` unchanged.
  private func expectNotANumber(
    _ layer: ToPictureCase, _ input: LazyInput, _ weight: Tensor, at place: Int, scale: Int = 1, reach: Int, far: Int
  ) {
    let clean = layer.picture(input, weight: weight, scaling: (150, 127.5))
    for value in [Float.nan, .infinity, -.infinity] {
      input.values.pointer[(place * layer.shapes.width + place) * layer.shapes.inputs + 5] = value
      let picture = layer.picture(input, weight: weight, scaling: (150, 127.5))
      #expect(picture.bytes == nearestBytes(picture.floats), "\(value)")
      for y in 0..<layer.height {
        for x in 0..<layer.width {
          let distance = max(abs(x - scale * place), abs(y - scale * place))
          let pixel = (y * layer.width + x) * 3..<(y * layer.width + x + 1) * 3
          if distance > far { #expect(picture.bytes[pixel] == clean.bytes[pixel], "\(value) at \(x), \(y)") }
          if distance <= reach && value.isNaN {
            #expect(picture.bytes[pixel].allSatisfy { $0 == 0 }, "at \(x), \(y)")
          }
        }
      }
    }
  }

  private static let roundedValues: [Float] = [
    -1e30, -1, -0.5, -0.25, 0, 0.5, 0.75, 1.5, 2.5, 126.5, 127.5, 128.5, 253.5, 254.5, 254.75, 255, 255.5, 300, 1e30,
  ]

  @Test(
    "Halves are rounded to the even byte, values beyond the range are clamped",
    arguments: ToPictureCase.cases(height: 1, width: roundedValues.count, inputs: 8, kernel: 1, mode: .zeros))
  func rounding(_ layer: ToPictureCase) {
    // A single tap of 1 on one channel: the picture is exactly the activation's first three channels.
    let values = Self.roundedValues
    var random = Random(seed: 38)
    let input = LazyInput(layer.shapes.inputShape, random: &random)
    for (pixel, value) in values.enumerated() {
      for channel in 0..<8 { input.values.pointer[pixel * 8 + channel] = channel == 0 ? value : 0 }
    }
    let weight = Tensor(layer.shapes.weightShape)
    for output in 0..<3 { weight.pointer[output * 8] = 1 }
    let zeros = layer.picture(input, weight: weight)
    #expect(zeros.bytes == nearestBytes(zeros.floats))
    #expect(zeros.bytes.contains(0) && zeros.bytes.contains(255))
  }

  private func geometry(
    inputs: Int = 8, outputs: Int = 3, kernel: Int = 9, stride: Int = 1, batch: Int = 1, upsampling: Int = 1
  ) -> ConvolutionGeometry {
    ConvolutionCase(
      batch: batch, height: 4, width: 4, inputs: inputs, outputs: outputs, kernel: kernel, stride: stride,
      padding: kernel / 2, mode: .zeros, upsampling: upsampling
    ).geometry
  }

  @Test("Unsupported geometries are reported", arguments: [ToPictureAlgorithm.winograd, .direct])
  func supports(_ algorithm: ToPictureAlgorithm) {
    #expect(algorithm.supports(geometry()))
    for geometry in [
      geometry(inputs: 3), geometry(outputs: 8), geometry(stride: 2), geometry(batch: 2), geometry(upsampling: 2),
    ] { #expect(!algorithm.supports(geometry)) }
  }

  @Test("Before upsampling, the only kernel for 3×3 is preferred")
  func supportsUpsampling() {
    func supports(inputs: Int = 8, outputs: Int = 3, kernel: Int = 3, batch: Int = 1, upsampling: Int = 2) -> Bool {
      let geometry = geometry(
        inputs: inputs, outputs: outputs, kernel: kernel, batch: batch, upsampling: upsampling)
      let isSupported = ToPictureAlgorithm.upsample.supports(geometry)
      #expect(isSupported == (ToPictureAlgorithm.preferred(for: geometry) == .upsample))
      return isSupported
    }
    #expect(supports() && supports(inputs: 128))
    #expect(!supports(inputs: 3) && !supports(inputs: 136) && !supports(outputs: 8) && !supports(kernel: 5))
    #expect(!supports(batch: 2) && !supports(upsampling: 1))
  }

  @Test("The preferred algorithm is as documented")
  func preferred() {
    func preferred(_ inputs: Int, _ kernel: Int) -> ToPictureAlgorithm {
      .preferred(for: geometry(inputs: inputs, kernel: kernel))
    }
    #expect(preferred(8, 3) == .direct && preferred(16, 1) == .direct)
    #expect(preferred(24, 3) == .winograd && preferred(8, 5) == .winograd)
  }
}
