import Kernels
import Tensors
import TestSupport
import Testing
import Threading

/// Pools of 1, 2 and 3 threads.
let pools = [ComputePool(threads: 1), ComputePool(threads: 2), pool]

/// Doubles between guards, for the sums of a norm.
final class GuardedSums {
  private static let guardCount = 16
  private static let guardValue = -1.25e300
  private let whole: UnsafeMutableBufferPointer<Double>
  let pointer: UnsafeMutablePointer<Double>

  /// `count` doubles, not a number until written.
  init(count: Int) {
    let start = UnsafeMutablePointer<Double>.allocate(capacity: count + 2 * Self.guardCount)
    whole = UnsafeMutableBufferPointer(start: start, count: count + 2 * Self.guardCount)
    whole.initialize(repeating: Self.guardValue)
    pointer = start + Self.guardCount
    pointer.update(repeating: .nan, count: count)
  }

  deinit { whole.deallocate() }

  /// Whether nothing was written beside the sums.
  var isIntact: Bool {
    (whole.prefix(Self.guardCount) + whole.suffix(Self.guardCount)).allSatisfy { $0 == Self.guardValue }
  }
}

/// What a kernel makes of an activation or of a picture.
struct KernelResult: Equatable {
  var output: [Float]
  /// Scale and shift of the norm behind it, for γ = 1 and β = 0 unless given.
  var scale: [Float] = []
  var shift: [Float] = []
  var materialized: [Float] = []
}

/// Runs `kernel` with an output of `pixels` × `channels`, unset and between guards; gathers the norm's sums where asked for.
func withOutput(
  batch: Int = 1, pixels: Int, channels: Int, bias: [Float]? = nil, rectifies: Bool = false, residual: [Float]? = nil,
  tasks: Int? = nil, gamma: [Float]? = nil, beta: [Float]? = nil, _ kernel: (ActivationOutput) -> Void
) -> KernelResult {
  let output = GuardedBuffer(count: batch * pixels * channels)
  let bias = bias.map(GuardedBuffer.init)
  let residual = residual.map { GuardedBuffer(inBlocks($0, batch: batch, channels: channels)) }
  let sums = tasks.map { GuardedSums(count: Moments.count(tasks: $0, channels: channels)) }
  kernel(
    ActivationOutput(
      output.pointer, bias: bias.map { UnsafePointer($0.pointer) }, rectifies: rectifies,
      residual: residual.map { UnsafePointer($0.pointer) }, moments: sums?.pointer))
  expectIntact(output, bias, residual)
  var result = KernelResult(output: fromBlocks(output.elements, batch: batch, channels: channels))
  if let tasks, let sums {
    #expect(sums.isIntact, "written beside the sums")
    let scale = GuardedBuffer(count: channels)
    let shift = GuardedBuffer(count: channels)
    Moments.finish(
      sums.pointer, tasks: tasks, channels: channels, pixels: batch * pixels,
      gamma: gamma ?? [Float](repeating: 1, count: channels), beta: beta ?? [Float](repeating: 0, count: channels),
      scale: scale.pointer, shift: shift.pointer)
    expectIntact(scale, shift)
    (result.scale, result.shift) = (scale.elements, shift.elements)
  }
  return result
}

/// The kernels on arrays: scratch of exactly the promised size, which begins as zeros, and everything between guards.
extension FusedConvolution {
  func forward(
    _ input: LazyInput, weight: [Float], weightChannels: (outputs: Int, inputs: Int)? = nil, bias: [Float]? = nil,
    rectifies: Bool = false, residual: [Float]? = nil, materializes: Bool = false, gathers: Bool = false,
    pool: ComputePool = pool
  ) -> KernelResult {
    let packed = GuardedBuffer(count: packedWeightCount)
    let scratch = GuardedBuffer(count: scratchCount(threads: pool.threadCount), filledWith: 0)
    let weight = GuardedBuffer(weight)
    packWeight(
      FilterWeight(
        weight.pointer, outputChannels: weightChannels?.outputs ?? geometry.outputChannels,
        inputChannels: weightChannels?.inputs ?? geometry.inputChannels, kernel: geometry.kernel),
      into: packed.pointer)
    let materialized = materializes ? GuardedBuffer(count: input.values.count) : nil
    var result = withOutput(
      batch: geometry.batch, pixels: geometry.outputPixels, channels: geometry.outputChannels, bias: bias,
      rectifies: rectifies, residual: residual, tasks: gathers ? taskCount : nil
    ) { output in
      input.withActivationInput(materialized: materialized?.pointer) {
        forward($0, weight: packed.pointer, output: output, scratch: scratch.pointer, pool: pool)
      }
    }
    expectIntact(weight, packed, scratch, materialized)
    result.materialized = fromBlocks(
      materialized?.elements ?? [], batch: geometry.batch, channels: geometry.inputChannels)
    return result
  }
}
