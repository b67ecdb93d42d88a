import Kernels
import TestSupport
import Tensors
import Testing
import Threading

/// A convolution that reads a picture of `width` × `height`, extended to the geometry's extents.
struct PictureConvolutionCase: Sendable, CustomTestStringConvertible {
  var width: Int
  var height: Int
  var shapes: ConvolutionCase

  var testDescription: String { "\(width)×\(height) in \(shapes.testDescription)" }

  static let all: [PictureConvolutionCase] = {
    var cases: [PictureConvolutionCase] = []
    // One strip of twelve tiles is 72 pixels wide: the last size takes two and a rest.
    let sizes = [(1, 1), (1, 6), (5, 1), (2, 3), (7, 7), (12, 6), (13, 19), (151, 9)]
    for (sizeIndex, size) in sizes.enumerated() {
      for (kernelIndex, kernel) in [1, 3, 5, 7, 9].enumerated() {
        for mode in PaddingMode.allCases {
          let added = (sizeIndex + kernelIndex) % 4
          cases.append(
            PictureConvolutionCase(
              width: size.0, height: size.1,
              shapes: ConvolutionCase(
                height: size.1 + added, width: size.0 + (added * 2) % 5, inputs: 3,
                outputs: [8, 16, 24, 40, 136][(sizeIndex + kernelIndex) % 5], kernel: kernel, padding: kernel / 2,
                mode: mode)))
        }
      }
    }
    return cases
  }()
}

@Suite struct FusedPictureConvolutionTests {
  private func forward(
    _ picture: PictureInput, _ example: PictureConvolutionCase, weight: Tensor, bias: [Float]? = nil,
    rectifies: Bool = false, pool: ComputePool = pool
  ) -> KernelResult {
    let geometry = example.shapes.geometry
    let packed = GuardedBuffer(count: FusedPictureConvolution.packedWeightCount(geometry))
    let scratch = GuardedBuffer(
      count: FusedPictureConvolution.scratchCount(geometry, threads: pool.threadCount), filledWith: 0)
    let values = GuardedBuffer(weight.elements)
    FusedPictureConvolution.packWeight(
      FilterWeight(
        values.pointer, outputChannels: weight.shape.dimensions[0], inputChannels: 3, kernel: example.shapes.kernel),
      geometry, into: packed.pointer)
    let result = withOutput(
      pixels: geometry.outputPixels, channels: geometry.outputChannels, bias: bias, rectifies: rectifies,
      tasks: FusedPictureConvolution.taskCount(geometry)
    ) {
      FusedPictureConvolution.forward(
        picture, map: PictureMap(geometry, width: example.width, height: example.height), geometry,
        weight: packed.pointer, output: $0, scratch: scratch.pointer, pool: pool)
    }
    expectIntact(values, packed, scratch)
    return result
  }

  @Test(
    "Bytes and floats, extended and padded, agree with double precision, with bias and ReLU",
    arguments: PictureConvolutionCase.all)
  func agreesWithReference(_ example: PictureConvolutionCase) {
    var random = Random(seed: 21)
    let shapes = example.shapes
    let picture = StridedPicture(width: example.width, height: example.height, random: &random)
    let weight = random.tensor(shapes.weightShape)
    let bias = random.tensor(Shape([shapes.outputs]), in: -100...100)
    #expect(FusedPictureConvolution.supports(shapes.geometry))
    let expected = referenceConvolution(
      picture.extended(width: shapes.width, height: shapes.height), shapes, weight: weight, bias: bias)
    let plain = picture.withInputs { forward($0, example, weight: weight, bias: bias.elements) }
    expectAgreement(plain.bytes.output, expected, within: Tolerance.picture, "bytes")
    #expect(plain.floats == plain.bytes, "floats of the same values give the same bits")
    let rectified = picture.withInputs { forward($0, example, weight: weight, bias: bias.elements, rectifies: true) }
    expectAgreement(rectified.bytes.output, Reference.relu(expected), within: Tolerance.picture, "ReLU")
    #expect(rectified.floats == rectified.bytes)
  }

  @Test("Results are the same bits for any number of threads", arguments: PictureConvolutionCase.all)
  func resultsDoNotDependOnThreads(_ example: PictureConvolutionCase) {
    var random = Random(seed: 22)
    let picture = StridedPicture(width: example.width, height: example.height, random: &random)
    let weight = random.tensor(example.shapes.weightShape)
    let results = pools.map { pool in picture.withInputs { forward($0, example, weight: weight, pool: pool) }.bytes }
    #expect(results[1] == results[0] && results[2] == results[0])
  }

  @Test("Outputs that the weight does not have are zeros")
  func fewerChannels() {
    var random = Random(seed: 23)
    let example = PictureConvolutionCase(
      width: 11, height: 7,
      shapes: ConvolutionCase(height: 8, width: 12, inputs: 3, outputs: 24, kernel: 9, padding: 4, mode: .reflect))
    let picture = StridedPicture(width: 11, height: 7, random: &random)
    let weight = random.tensor(Shape([19, 3, 9, 9]))
    let output = picture.withInputs { forward($0, example, weight: weight) }.bytes.output
    let expected = Reference.convolution(
      picture.extended(width: 12, height: 8), weight: ReferenceTensor(weight), bias: nil,
      geometry: .init(padding: 4, mode: .reflection))
    let pixels = 0..<12 * 8
    let own = pixels.flatMap { output[$0 * 24..<$0 * 24 + 19] }
    expectAgreement(own, expected, within: Tolerance.picture, "the weight's own")
    #expect(pixels.allSatisfy { output[$0 * 24 + 19..<$0 * 24 + 24].allSatisfy { $0 == 0 } })
  }

  @Test("What the kernel does not compute is said")
  func supports() {
    func shapes(inputs: Int = 3, outputs: Int = 8, stride: Int = 1, batch: Int = 1, upsampling: Int = 1) -> Bool {
      FusedPictureConvolution.supports(
        ConvolutionCase(
          batch: batch, height: 4, width: 4, inputs: inputs, outputs: outputs, kernel: 9, stride: stride, padding: 4,
          mode: .zeros, upsampling: upsampling
        ).geometry)
    }
    #expect(shapes())
    #expect(!shapes(inputs: 8) && !shapes(outputs: 9) && !shapes(stride: 2) && !shapes(batch: 2))
    #expect(!shapes(upsampling: 2))
  }
}
