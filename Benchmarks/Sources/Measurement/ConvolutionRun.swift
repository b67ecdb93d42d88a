import Kernels
import Threading

/// One convolution with memory and random numbers of its own, ready to be run again and again.
public final class ConvolutionRun {
  /// What is computed, and how.
  public let convolution: Convolution2D
  private let pool: ComputePool
  private let input: UnsafeMutableBufferPointer<Float>
  private let weight: UnsafeMutableBufferPointer<Float>
  private let bias: UnsafeMutableBufferPointer<Float>
  private let output: UnsafeMutableBufferPointer<Float>
  private let scratch: UnsafeMutableBufferPointer<Float>

  /// Fills input, weight and bias with numbers in ±1, the same for the same geometry, and prepares the weight.
  public init(_ geometry: ConvolutionGeometry, algorithm: ConvolutionAlgorithm, pool: ComputePool) {
    convolution = Convolution2D(geometry, algorithm: algorithm)
    self.pool = pool
    input = Self.allocate(geometry.batch * geometry.height * geometry.width * geometry.inputChannels)
    weight = Self.allocate(convolution.preparedWeightCount)
    bias = Self.allocate(geometry.outputChannels)
    output = Self.allocate(geometry.batch * geometry.outputPixels * geometry.outputChannels)
    scratch = Self.allocate(convolution.forwardScratchCount(threads: pool.threadCount))
    let plainWeight = Self.allocate(
      geometry.outputChannels * geometry.inputChannels * geometry.kernel * geometry.kernel)
    defer { plainWeight.deallocate() }
    for (seed, buffer) in [(1, input), (2, plainWeight), (3, bias)] as [(UInt32, UnsafeMutableBufferPointer<Float>)] {
      var state = seed
      for index in buffer.indices {
        // N. Lehmer's generator in the form of Numerical Recipes; speed does not depend on the numbers.
        state = state &* 1_664_525 &+ 1_013_904_223
        buffer[index] = Float(state >> 8) * 0x1p-23 - 1
      }
    }
    guard let from = plainWeight.baseAddress, let to = weight.baseAddress else { return }
    convolution.prepareWeight(from, into: to)
  }

  deinit { for buffer in [input, weight, bias, output, scratch] { buffer.deallocate() } }

  private static func allocate(_ count: Int) -> UnsafeMutableBufferPointer<Float> {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, count) * 4, alignment: 64)
      .bindMemory(to: Float.self)
    buffer.update(repeating: 0)
    return buffer
  }

  /// Computes the output once, with bias and ReLU as in a network.
  public func callAsFunction() {
    guard let input = input.baseAddress, let weight = weight.baseAddress, let output = output.baseAddress,
      let scratch = scratch.baseAddress
    else { return }
    convolution.forward(
      input, preparedWeight: weight,
      epilogue: ConvolutionEpilogue(bias: bias.baseAddress.map { UnsafePointer($0) }, rectifies: true), output: output,
      scratch: scratch, pool: pool)
  }

  /// The largest difference of the outputs that both have computed, divided by the largest output.
  public func difference(from other: ConvolutionRun) -> Double {
    var (largest, range): (Float, Float) = (0, 0)
    for (a, b) in zip(output, other.output) {
      largest = max(largest, abs(a - b))
      range = max(range, abs(b))
    }
    return Double(largest / max(range, .leastNormalMagnitude))
  }
}
