import Kernels
import TestSupport
import Tensors
import Testing

extension ConvolutionCase {
  /// The algorithms between two activations that support this case.
  var fusedAlgorithms: [FusedAlgorithm] { FusedAlgorithm.allCases.filter { $0.supports(geometry) } }

  private var fitsKernel: Bool { min(height, width) * upsampling + 2 * padding >= kernel }

  /// One pixel, lines, whole tiles of every size with and without a remainder, and several strips and tasks with a
  /// remainder.
  private static let sizes = [(1, 1), (1, 5), (9, 1), (2, 3), (5, 7), (6, 6), (7, 7), (13, 19), (37, 51)]

  /// One vector, complete and incomplete pairs and panels, and more than one group of 32 outputs or 128 inputs.
  private static let channelPairs = [(8, 8), (16, 8), (8, 24), (24, 16), (32, 40), (40, 32), (8, 136), (136, 16)]

  /// 3×3, stride 1, with and without nearest upsampling: the geometries of the fast algorithms.
  static let fusedThreeByThree: [ConvolutionCase] = sizes.enumerated().flatMap { sizeIndex, size in
    channelPairs.enumerated().flatMap { pairIndex, pair in
      PaddingMode.allCases.map { mode in
        ConvolutionCase(
          batch: (sizeIndex + pairIndex) % 4 == 0 && size.0 < 37 ? 3 : 1, height: size.0, width: size.1, inputs: pair.0,
          outputs: pair.1, kernel: 3, padding: 1, mode: mode, upsampling: 1 + (sizeIndex + pairIndex) % 2)
      }
    }
  }

  /// Other kernels and strides, which only the direct algorithm supports.
  static let fusedOther: [ConvolutionCase] = {
    var cases: [ConvolutionCase] = []
    for (sizeIndex, size) in [(1, 1), (1, 5), (2, 3), (6, 7), (13, 19)].enumerated() {
      for (kernelIndex, kernel) in [1, 3, 5, 7, 9].enumerated() {
        for stride in 1...3 where kernel != 3 || stride > 1 {
          let pair = channelPairs[(sizeIndex + kernelIndex + stride) % 6]
          for mode in PaddingMode.allCases {
            cases.append(
              ConvolutionCase(
                batch: stride == 2 ? 3 : 1, height: size.0, width: size.1, inputs: pair.0, outputs: pair.1,
                kernel: kernel, stride: stride, padding: kernel / 2, mode: mode))
          }
        }
      }
    }
    return cases
  }()

  /// Paddings that are not half of the kernel, upsampling that the fast algorithm does not support, and more than one
  /// strip per row.
  static let fusedUnusual: [ConvolutionCase] = [
    ConvolutionCase(height: 3, width: 3, inputs: 8, outputs: 8, kernel: 3, padding: 0, mode: .zeros),
    ConvolutionCase(batch: 3, height: 8, width: 15, inputs: 24, outputs: 16, kernel: 3, padding: 0, mode: .reflect),
    ConvolutionCase(height: 6, width: 5, inputs: 16, outputs: 24, kernel: 3, padding: 2, mode: .zeros),
    ConvolutionCase(height: 2, width: 7, inputs: 16, outputs: 8, kernel: 3, padding: 4, mode: .reflect),
    ConvolutionCase(height: 3, width: 4, inputs: 8, outputs: 8, kernel: 1, padding: 2, mode: .zeros),
    ConvolutionCase(height: 9, width: 10, inputs: 8, outputs: 24, kernel: 9, padding: 0, mode: .zeros),
    ConvolutionCase(height: 6, width: 5, inputs: 8, outputs: 8, kernel: 3, stride: 2, padding: 0, mode: .zeros),
    ConvolutionCase(height: 4, width: 5, inputs: 16, outputs: 8, kernel: 9, padding: 4, mode: .zeros, upsampling: 2),
    ConvolutionCase(
      batch: 3, height: 5, width: 3, inputs: 8, outputs: 16, kernel: 3, stride: 2, padding: 1, mode: .reflect,
      upsampling: 2),
    ConvolutionCase(height: 4, width: 3, inputs: 8, outputs: 8, kernel: 3, padding: 0, mode: .zeros, upsampling: 2),
    ConvolutionCase(height: 2, width: 203, inputs: 8, outputs: 16, kernel: 3, padding: 1, mode: .reflect),
    ConvolutionCase(height: 3, width: 203, inputs: 8, outputs: 8, kernel: 5, padding: 2, mode: .zeros),
    ConvolutionCase(
      height: 131, width: 2, inputs: 16, outputs: 8, kernel: 3, padding: 1, mode: .reflect, upsampling: 2),
  ]

  static let fused = (fusedThreeByThree + fusedOther + fusedUnusual).filter(\.fitsKernel)

  /// A few cases that together cover every branch of the reader: single and paired vectors, every algorithm, both
  /// padding modes.
  static let fusedPrologue: [ConvolutionCase] = [
    ConvolutionCase(height: 1, width: 1, inputs: 8, outputs: 8, kernel: 3, padding: 1, mode: .zeros),
    ConvolutionCase(batch: 3, height: 7, width: 13, inputs: 8, outputs: 8, kernel: 3, padding: 1, mode: .zeros),
    ConvolutionCase(height: 13, width: 8, inputs: 16, outputs: 24, kernel: 3, padding: 1, mode: .reflect),
    ConvolutionCase(height: 31, width: 44, inputs: 24, outputs: 8, kernel: 3, padding: 1, mode: .zeros),
    ConvolutionCase(height: 9, width: 14, inputs: 16, outputs: 8, kernel: 3, padding: 2, mode: .zeros),
    ConvolutionCase(
      batch: 3, height: 5, width: 6, inputs: 8, outputs: 8, kernel: 3, padding: 1, mode: .zeros, upsampling: 2),
    ConvolutionCase(
      height: 17, width: 23, inputs: 40, outputs: 8, kernel: 3, padding: 1, mode: .reflect, upsampling: 2),
    ConvolutionCase(height: 12, width: 9, inputs: 24, outputs: 16, kernel: 3, stride: 2, padding: 1, mode: .zeros),
    ConvolutionCase(height: 11, width: 13, inputs: 16, outputs: 8, kernel: 3, stride: 2, padding: 1, mode: .reflect),
    ConvolutionCase(height: 6, width: 10, inputs: 16, outputs: 8, kernel: 5, padding: 2, mode: .zeros),
    ConvolutionCase(height: 7, width: 5, inputs: 8, outputs: 16, kernel: 1, padding: 0, mode: .zeros),
    ConvolutionCase(height: 7, width: 8, inputs: 8, outputs: 16, kernel: 5, stride: 3, padding: 2, mode: .zeros),
    // Here some pixels are never read, or not by the strip to which they belong.
    ConvolutionCase(height: 8, width: 14, inputs: 16, outputs: 8, kernel: 3, padding: 0, mode: .zeros),
    ConvolutionCase(height: 7, width: 8, inputs: 8, outputs: 16, kernel: 1, stride: 2, padding: 0, mode: .zeros),
    ConvolutionCase(height: 7, width: 8, inputs: 8, outputs: 16, kernel: 3, stride: 3, padding: 1, mode: .zeros),
    ConvolutionCase(height: 9, width: 8, inputs: 8, outputs: 16, kernel: 5, stride: 3, padding: 0, mode: .zeros),
  ]
}

/// The pending operations on the input of a convolution.
struct Prologue: Sendable, CustomTestStringConvertible {
  var hasNorm = false
  var appliesReLU = false
  var hasResidual = false

  var testDescription: String {
    [hasNorm ? "norm" : nil, appliesReLU ? "ReLU" : nil, hasResidual ? "residual" : nil].compactMap { $0 }
      .joined(separator: ", ")
  }

  static let all = [false, true].flatMap { norm in
    [false, true].flatMap { appliesReLU in
      [false, true].map { Prologue(hasNorm: norm, appliesReLU: appliesReLU, hasResidual: $0) }
    }
  }
}

/// An activation as its producer wrote it, and the value after the reader's operations in double precision.
struct LazyInput {
  let values: Tensor
  let scale: [Float]?
  let shift: [Float]?
  let appliesReLU: Bool
  let residual: Tensor?

  /// Creates random values. Shifts are far from 0, so that a shifted zero of the padding is noticed.
  init(_ shape: Shape, _ prologue: Prologue = Prologue(), random: inout Random) {
    values = random.tensor(shape)
    scale = prologue.hasNorm ? random.uniform(count: shape.channels, in: -2...2) : nil
    shift = prologue.hasNorm ? random.uniform(count: shape.channels, in: 0.25...1.5) : nil
    appliesReLU = prologue.appliesReLU
    residual = prologue.hasResidual ? random.tensor(shape) : nil
  }

  /// `r(x · scale + shift) + residual`.
  var reference: ReferenceTensor {
    var result = ReferenceTensor(values)
    let channels = values.shape.channels
    let residual = residual.map { ReferenceTensor($0) }
    for index in result.elements.indices {
      var value = result.elements[index]
      if let scale, let shift { value = value * Double(scale[index % channels]) + Double(shift[index % channels]) }
      if appliesReLU { value = max(0, value) }
      if let residual { value += residual.elements[index] }
      result.elements[index] = value
    }
    return result
  }

  /// Calls `body` with this input as the kernels receive it, with every array between guards.
  func withActivationInput<Result>(
    materialized: UnsafeMutablePointer<Float>? = nil, _ body: (ActivationInput) -> Result
  ) -> Result {
    let shape = values.shape
    let values = GuardedBuffer(inBlocks(values.elements, batch: shape.batch, channels: shape.channels))
    let scale = scale.map(GuardedBuffer.init)
    let shift = shift.map(GuardedBuffer.init)
    let residual = residual.map {
      GuardedBuffer(inBlocks($0.elements, batch: shape.batch, channels: shape.channels))
    }
    let result = body(
      ActivationInput(
        values.pointer, scale: scale.map { UnsafePointer($0.pointer) }, shift: shift.map { UnsafePointer($0.pointer) },
        appliesReLU: appliesReLU, residual: residual.map { UnsafePointer($0.pointer) }, materialized: materialized))
    expectIntact(values, scale, shift, residual)
    return result
  }
}

/// Converts `[N, pixels, C]` to the layout of the fused kernels, `[N, C/8, pixels, 8]`.
func inBlocks(_ elements: [Float], batch: Int, channels: Int) -> [Float] {
  var result = elements
  forEachInBlocks(count: elements.count, batch: batch, channels: channels) { result[$1] = elements[$0] }
  return result
}

/// Converts `[N, C/8, pixels, 8]` to the layout of the reference kernels, `[N, pixels, C]`.
func fromBlocks(_ elements: [Float], batch: Int, channels: Int) -> [Float] {
  var result = elements
  forEachInBlocks(count: elements.count, batch: batch, channels: channels) { result[$0] = elements[$1] }
  return result
}

private func forEachInBlocks(count: Int, batch: Int, channels: Int, _ body: (_ plain: Int, _ blocked: Int) -> Void) {
  let pixels = count / (batch * channels)
  for image in 0..<batch {
    for pixel in 0..<pixels {
      for channel in 0..<channels {
        body(
          (image * pixels + pixel) * channels + channel,
          ((image * channels + channel - channel % 8) * pixels) + pixel * 8 + channel % 8)
      }
    }
  }
}
