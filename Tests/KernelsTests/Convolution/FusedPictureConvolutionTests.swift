import Kernels
import TestSupport
import Tensors
import Testing
import Threading

/// A convolution that reads a picture of `width` × `height`, extended to the dimensions of the geometry.
struct PictureConvolutionCase: Sendable, CustomTestStringConvertible {
  var width: Int
  var height: Int
  var shapes: ConvolutionCase

  var testDescription: String { "\(width)×\(height) in \(shapes.testDescription)" }

  static let all: [PictureConvolutionCase] = {
    var cases: [PictureConvolutionCase] = []
    // A strip of twelve tiles is 72 pixels wide: the last size needs two and a remainder.
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
    // Strides end in the middle of a kernel's step, at the last pixel and after it. A strip is up to 96 outputs wide.
    for (index, size) in [(1, 1), (4, 3), (13, 8), (20, 7), (203, 6)].enumerated() {
      for stride in 2...3 {
        for mode in PaddingMode.allCases {
          let kernel = [3, 5, 1, 9, 3][index]
          cases.append(
            PictureConvolutionCase(
              width: size.0, height: size.1,
              shapes: ConvolutionCase(
                height: size.1 + index % 2, width: size.0 + index % 3, inputs: 3, outputs: [8, 16, 40][index % 3],
                kernel: kernel, stride: stride, padding: kernel / 2, mode: mode)))
        }
      }
    }
    return cases
  }()

  var algorithms: [PictureAlgorithm] { PictureAlgorithm.allCases.filter { $0.supports(shapes.geometry) } }
}

@Suite struct FusedPictureConvolutionTests {
  private func forward(
    _ picture: PictureInput, _ example: PictureConvolutionCase, _ algorithm: PictureAlgorithm, weight: Tensor,
    bias: [Float]? = nil, appliesReLU: Bool = false, pool: ComputePool = pool
  ) -> KernelResult {
    let geometry = example.shapes.geometry
    let convolution = algorithm.kernel(for: geometry)
    return convolution.forward(
      picture, map: PictureMap(geometry, width: example.width, height: example.height), weight: weight, bias: bias,
      appliesReLU: appliesReLU, pool: pool)
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
    #expect(example.algorithms.contains(.direct) && example.algorithms.contains(.preferred(for: shapes.geometry)))
    let expected = referenceConvolution(
      picture.extended(width: shapes.width, height: shapes.height), shapes, weight: weight, bias: bias)
    for algorithm in example.algorithms {
      let tolerance = Tolerance.of(algorithm)
      let plain = picture.withInputs { forward($0, example, algorithm, weight: weight, bias: bias.elements) }
      expectAgreement(plain.bytes.output, expected, within: tolerance, "\(algorithm), bytes")
      #expect(plain.floats == plain.bytes, "\(algorithm): floats of the same values give bit-identical results")
      let rectified = picture.withInputs {
        forward($0, example, algorithm, weight: weight, bias: bias.elements, appliesReLU: true)
      }
      expectAgreement(rectified.bytes.output, Reference.relu(expected), within: tolerance, "\(algorithm), ReLU")
      #expect(rectified.floats == rectified.bytes)
    }
  }

  @Test("Every algorithm computes some of the cases")
  func everyAlgorithmIsTested() {
    #expect(Set(PictureConvolutionCase.all.flatMap(\.algorithms)) == Set(PictureAlgorithm.allCases))
  }

  @Test("Results are bit-identical for any number of threads", arguments: PictureConvolutionCase.all)
  func resultsDoNotDependOnThreads(_ example: PictureConvolutionCase) {
    var random = Random(seed: 22)
    let picture = StridedPicture(width: example.width, height: example.height, random: &random)
    let weight = random.tensor(example.shapes.weightShape)
    for algorithm in example.algorithms {
      let results = pools.map { pool in
        picture.withInputs { forward($0, example, algorithm, weight: weight, pool: pool) }.bytes
      }
      #expect(results[1] == results[0] && results[2] == results[0], "\(algorithm)")
    }
  }

  @Test("Outputs beyond those of the weight are zeros")
  func fewerChannels() {
    var random = Random(seed: 23)
    let example = PictureConvolutionCase(
      width: 11, height: 7,
      shapes: ConvolutionCase(height: 8, width: 12, inputs: 3, outputs: 24, kernel: 9, padding: 4, mode: .reflect))
    let picture = StridedPicture(width: 11, height: 7, random: &random)
    let weight = random.tensor(Shape([19, 3, 9, 9]))
    let expected = Reference.convolution(
      picture.extended(width: 12, height: 8), weight: ReferenceTensor(weight), bias: nil,
      geometry: .init(padding: 4, mode: .reflection))
    for algorithm in PictureAlgorithm.allCases {
      let output = picture.withInputs { forward($0, example, algorithm, weight: weight) }.bytes.output
      let pixels = 0..<12 * 8
      let own = pixels.flatMap { output[$0 * 24..<$0 * 24 + 19] }
      expectAgreement(own, expected, within: Tolerance.of(algorithm), "\(algorithm): the weight's own")
      #expect(pixels.allSatisfy { output[$0 * 24 + 19..<$0 * 24 + 24].allSatisfy { $0 == 0 } })
    }
  }

  @Test("Unsupported geometries are reported, and the preferred algorithm is as documented")
  func supports() {
    func algorithms(
      inputs: Int = 3, outputs: Int = 8, kernel: Int = 9, stride: Int = 1, batch: Int = 1, upsampling: Int = 1
    ) -> [PictureAlgorithm] {
      let geometry = ConvolutionCase(
        batch: batch, height: 4, width: 4, inputs: inputs, outputs: outputs, kernel: kernel, stride: stride,
        padding: kernel / 2, mode: .zeros, upsampling: upsampling
      ).geometry
      return PictureAlgorithm.allCases.filter { $0.supports(geometry) }
    }
    #expect(algorithms().contains(.winograd) && !algorithms(stride: 2).contains(.winograd))
    #expect(algorithms().contains(.direct) && algorithms(stride: 2).contains(.direct))
    #expect(algorithms(inputs: 8).isEmpty && algorithms(outputs: 9).isEmpty && algorithms(batch: 2).isEmpty)
    #expect(algorithms(upsampling: 2).isEmpty)
    func preferred(kernel: Int, stride: Int) -> PictureAlgorithm {
      .preferred(
        for: ConvolutionCase(
          height: 4, width: 4, inputs: 3, outputs: 8, kernel: kernel, stride: stride, padding: kernel / 2, mode: .zeros
        ).geometry)
    }
    #expect(preferred(kernel: 9, stride: 1) == .winograd && preferred(kernel: 5, stride: 1) == .winograd)
    #expect(preferred(kernel: 3, stride: 1) == .direct && preferred(kernel: 9, stride: 2) == .direct)
  }
}
