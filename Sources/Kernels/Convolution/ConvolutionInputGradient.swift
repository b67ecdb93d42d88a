import Threading

/// The gradient of a convolution's input.
///
/// For stride 1 it is itself a convolution: of the output's gradient, continued with zeros, with the kernel turned by 180° and
/// its channels exchanged. That form reads where the general one scatters, and it takes the fast algorithms. With zero
/// padding it gives the gradient of the stored input at once; with reflection, that of the padded input, which is then folded
/// at the mirrors. Other strides go through ``Im2colConvolution``.
public struct ConvolutionInputGradient: Sendable {
  /// The forward convolution's extents.
  public let geometry: ConvolutionGeometry
  private let transposed: Convolution2D?

  /// The gradient of the convolution `geometry`.
  public init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    guard geometry.stride == 1 else {
      transposed = nil
      return
    }
    let isDirect = Self.isDirect(geometry)
    transposed = Convolution2D(
      ConvolutionGeometry(
        batch: geometry.batch, height: geometry.outputHeight, width: geometry.outputWidth,
        inputChannels: geometry.outputChannels, outputChannels: geometry.inputChannels, kernel: geometry.kernel,
        padding: geometry.kernel - 1 - (isDirect ? geometry.padding : 0), paddingMode: .zeros))
  }

  private static func isDirect(_ geometry: ConvolutionGeometry) -> Bool {
    geometry.paddingMode == .zeros && geometry.upsampling == 1 && geometry.padding < geometry.kernel
  }

  /// Whether the result replaces what `dInput` holds; otherwise it is added to it.
  public var overwrites: Bool { transposed != nil && Self.isDirect(geometry) }

  /// Floats of a prepared weight.
  public var preparedWeightCount: Int {
    transposed?.preparedWeightCount ?? geometry.patchCount * geometry.outputChannels
  }

  /// Writes the forward weight `[O, I, k, k]` in the form that the gradient reads.
  public func prepareWeight(_ weight: UnsafePointer<Float>, into prepared: UnsafeMutablePointer<Float>) {
    let inputs = geometry.inputChannels
    let outputs = geometry.outputChannels
    let taps = geometry.kernel * geometry.kernel
    guard let transposed else {
      prepared.update(from: weight, count: geometry.patchCount * outputs)
      return
    }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: taps * inputs * outputs) { turned in
      guard let base = turned.baseAddress else { return }
      for output in 0..<outputs {
        for input in 0..<inputs {
          for tap in 0..<taps {
            base[(input * outputs + output) * taps + taps - 1 - tap] = weight[(output * inputs + input) * taps + tap]
          }
        }
      }
      transposed.prepareWeight(base, into: prepared)
    }
  }

  /// The floats of `N` padded input images, where they are needed on the way.
  private var paddedCount: Int {
    overwrites ? 0 : geometry.batch * geometry.paddedHeight * geometry.paddedWidth * geometry.inputChannels
  }

  /// Floats of scratch that ``run(_:preparedWeight:dInput:scratch:pool:)`` needs on a pool of `threads`.
  public func scratchCount(threads: Int) -> Int {
    guard let transposed else { return Im2colConvolution.backwardInputScratchCount(geometry, threads: threads) }
    return paddedCount + transposed.forwardScratchCount(threads: threads)
  }

  /// Writes (see ``overwrites``) or adds the gradient to `dInput`, `[N, H, W, I]`.
  public func run(
    _ dOutput: UnsafePointer<Float>, preparedWeight: UnsafePointer<Float>, dInput: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    guard let transposed else {
      Im2colConvolution.backwardInput(
        dOutput, geometry, weight: preparedWeight, dInput: dInput, scratch: scratch, pool: pool)
      return
    }
    let padded = overwrites ? dInput : scratch
    transposed.forward(
      dOutput, preparedWeight: preparedWeight, epilogue: .none, output: padded, scratch: scratch + paddedCount,
      pool: pool)
    guard !overwrites else { return }
    let perImage = paddedCount / geometry.batch
    PatchGather.with(geometry) { patches in
      pool.parallelFor(geometry.batch) { image in
        patches.fold(padded + image * perImage, into: dInput + image * geometry.inputImageCount)
      }
    }
  }
}
