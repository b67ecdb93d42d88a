import Kernels
import TestSupport
import Tensors
import Testing

/// Compares the sums that kernels compute for the next norm with mean and variance of their output.
@Suite struct MomentsTests {
  /// One pixel, less than a tile, several tasks and strips.
  static let cases = [(1, 1), (2, 3), (7, 7), (37, 51), (150, 131)].flatMap { height, width in
    [1, 2].map {
      ConvolutionCase(
        height: height, width: width, inputs: 8, outputs: 24, kernel: 3, padding: 1, mode: .reflect, upsampling: $0)
    }
  }

  /// By channel modulo 4: centred, a mean of plus or minus a thousand deviations, constant.
  private static func weight(_ shapes: ConvolutionCase, random: inout Random) -> (weight: Tensor, bias: [Float]) {
    let weight = random.tensor(shapes.weightShape)
    var bias = [Float](repeating: 0, count: shapes.outputs)
    let taps = weight.count / shapes.outputs
    for channel in 0..<shapes.outputs {
      switch channel % 4 {
      // Taps and inputs are uniform in ±1: the deviation of a sum is √taps / 3.
      case 1: bias[channel] = 1000 * Float(taps).squareRoot() / 3
      case 2: bias[channel] = -1000 * Float(taps).squareRoot() / 3
      case 3:
        bias[channel] = 2.5
        for tap in 0..<taps { weight.pointer[channel * taps + tap] = 0 }
      default: break
      }
    }
    return (weight, bias)
  }

  /// Expects the norm of `result`'s own output: this tests the sums, not the convolution.
  private func expectNorm(of result: KernelResult, gamma: [Float], beta: [Float], _ name: String) {
    let channels = gamma.count
    let pixels = result.output.count / channels
    for channel in 0..<channels {
      let values = (0..<pixels).map { Double(result.output[$0 * channels + channel]) }
      let mean = values.reduce(0, +) / Double(pixels)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(pixels)
      let scale = Double(gamma[channel]) / (variance + Double(InstanceNorm.epsilon)).squareRoot()
      let shift = Double(beta[channel]) - mean * scale
      let scaleError = abs(Double(result.scale[channel]) - scale) / abs(scale)
      let shiftError = abs(Double(result.shift[channel]) - shift) / (abs(mean * scale) + abs(Double(beta[channel])) + 1)
      #expect(scaleError <= Tolerance.moments, "\(name), channel \(channel): \(result.scale[channel]), not \(scale)")
      #expect(shiftError <= Tolerance.moments, "\(name), channel \(channel): \(result.shift[channel]), not \(shift)")
    }
  }

  private func withGammaAndBeta(
    _ result: (_ gamma: [Float], _ beta: [Float]) -> KernelResult, channels: Int, _ name: String
  ) {
    var random = Random(seed: 51)
    let gamma = random.uniform(count: channels, in: -2...2)
    let beta = random.uniform(count: channels)
    expectNorm(of: result(gamma, beta), gamma: gamma, beta: beta, name)
  }

  @Test("Sums of every convolution, also with a mean of a thousand deviations", arguments: cases, [false, true])
  func convolutions(_ shapes: ConvolutionCase, appliesReLU: Bool) {
    var random = Random(seed: 52)
    let input = LazyInput(shapes.inputShape, random: &random)
    let (weight, bias) = Self.weight(shapes, random: &random)
    for algorithm in shapes.fusedAlgorithms {
      let ones = [Float](repeating: 1, count: shapes.outputs)
      let result = algorithm.kernel(for: shapes.geometry).forward(
        input, weight: weight.elements, bias: bias, appliesReLU: appliesReLU, gathers: true)
      expectNorm(of: result, gamma: ones, beta: ones.map { _ in 0 }, "\(algorithm)")
    }
  }

  @Test("Sums of the convolution on a picture", arguments: [(1, 1), (5, 2), (151, 43)], [false, true])
  func picture(size: (width: Int, height: Int), appliesReLU: Bool) {
    let (width, height) = size
    let shapes = ConvolutionCase(
      height: height, width: width, inputs: 3, outputs: 24, kernel: 9, padding: 4, mode: .reflect)
    var random = Random(seed: 53)
    let picture = StridedPicture(width: width, height: height, random: &random)
    var (weight, bias) = Self.weight(shapes, random: &random)
    // Bytes deviate by 74, floats by 0.58.
    bias = bias.map { $0 * 128 }
    let geometry = shapes.geometry
    for algorithm in PictureAlgorithm.allCases {
      _ = picture.withInputs { input in
        withGammaAndBeta(
          { gamma, beta in
            algorithm.kernel(for: geometry).forward(
              input, map: PictureMap(geometry, width: width, height: height), weight: weight, bias: bias,
              appliesReLU: appliesReLU, gamma: gamma, beta: beta)
          }, channels: 24, "\(algorithm), \(width)×\(height)")
      }
    }
  }

  @Test("Sums of depthwise and separable convolutions", arguments: cases, [false, true])
  func depthwise(_ shapes: ConvolutionCase, appliesReLU: Bool) {
    let channels = shapes.inputs
    let depthwise = ConvolutionCase(
      height: shapes.height, width: shapes.width, inputs: channels, outputs: channels, kernel: 3, padding: 1,
      mode: .reflect, upsampling: shapes.upsampling)
    var random = Random(seed: 55)
    let input = LazyInput(shapes.inputShape, random: &random)
    let (filter, bias) = Self.weight(
      ConvolutionCase(height: 1, width: 1, inputs: 1, outputs: channels, kernel: 3, padding: 1, mode: .zeros),
      random: &random)
    let ones = [Float](repeating: 1, count: channels)
    for algorithm in DepthwiseAlgorithm.allCases where algorithm.supports(depthwise.geometry) {
      let result = algorithm.kernel(for: depthwise.geometry).forward(
        input, weight: filter.elements, bias: bias, appliesReLU: appliesReLU, gathers: true)
      expectNorm(of: result, gamma: ones, beta: ones.map { _ in 0 }, "\(algorithm)")
    }
    guard shapes.upsampling == 1 else { return }
    let (pointwise, outputBias) = Self.weight(
      ConvolutionCase(
        height: 1, width: 1, inputs: channels, outputs: shapes.outputs, kernel: 1, padding: 0, mode: .zeros),
      random: &random)
    for algorithm in SeparableAlgorithm.allCases where algorithm.supports(shapes.geometry) {
      let result = algorithm.kernel(for: shapes.geometry).forward(
        input, depthwise: filter.elements, depthwiseBias: [Float](repeating: 0, count: channels),
        pointwise: pointwise.elements, bias: outputBias, appliesReLU: appliesReLU, gathers: true)
      expectNorm(
        of: result, gamma: [Float](repeating: 1, count: shapes.outputs),
        beta: [Float](repeating: 0, count: shapes.outputs), "\(algorithm)")
    }
  }

  @Test("Sums of a pass", arguments: [(1, 8), (7, 24), (40_001, 16)])
  func pass(pixels: Int, channels: Int) {
    var random = Random(seed: 54)
    let input = LazyInput(Shape(batch: 1, height: 1, width: pixels, channels: channels), random: &random)
    for index in 0..<pixels * channels {
      switch index % channels % 4 {
      case 1: input.values.pointer[index] += 577
      case 2: input.values.pointer[index] -= 577
      case 3: input.values.pointer[index] = 2.5
      default: break
      }
    }
    withGammaAndBeta(
      { gamma, beta in
        withOutput(
          pixels: pixels, channels: channels, tasks: ActivationPass.taskCount(pixels: pixels, channels: channels),
          gamma: gamma, beta: beta
        ) { output in
          input.withActivationInput {
            ActivationPass.forward($0, pixels: pixels, channels: channels, output: output, pool: pool)
          }
        }
      }, channels: channels, "\(pixels) pixels")
  }
}
