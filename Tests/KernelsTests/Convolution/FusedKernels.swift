import Kernels
import TestSupport
import Tensors
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

  /// Creates `count` doubles, which are NaN until written.
  init(count: Int) {
    let start = UnsafeMutablePointer<Double>.allocate(capacity: count + 2 * Self.guardCount)
    whole = UnsafeMutableBufferPointer(start: start, count: count + 2 * Self.guardCount)
    whole.initialize(repeating: Self.guardValue)
    pointer = start + Self.guardCount
    pointer.update(repeating: .nan, count: count)
  }

  deinit { whole.deallocate() }

  /// Whether nothing was written outside the sums.
  var isIntact: Bool {
    (whole.prefix(Self.guardCount) + whole.suffix(Self.guardCount)).allSatisfy { $0 == Self.guardValue }
  }
}

/// The result of a kernel for an activation or a picture.
struct KernelResult: Equatable {
  var output: [Float]
  /// Scale and shift of the norm after it, for γ = 1 and β = 0 unless given.
  var scale: [Float] = []
  var shift: [Float] = []
  var materialized: [Float] = []
}

/// Runs `kernel` with an output of `pixels` × `channels`, unset and between guards, and optionally with sums of a norm.
func withOutput(
  batch: Int = 1, pixels: Int, channels: Int, bias: [Float]? = nil, appliesReLU: Bool = false, residual: [Float]? = nil,
  tasks: Int? = nil, gamma: [Float]? = nil, beta: [Float]? = nil, _ kernel: (ActivationOutput) -> Void
) -> KernelResult {
  let output = GuardedBuffer(count: batch * pixels * channels)
  let bias = bias.map(GuardedBuffer.init)
  let residual = residual.map { GuardedBuffer(inBlocks($0, batch: batch, channels: channels)) }
  let sums = tasks.map { GuardedSums(count: Moments.count(tasks: $0, channels: channels)) }
  kernel(
    ActivationOutput(
      output.pointer, bias: bias.map { UnsafePointer($0.pointer) }, appliesReLU: appliesReLU,
      residual: residual.map { UnsafePointer($0.pointer) }, moments: sums?.pointer))
  expectIntact(output, bias, residual)
  var result = KernelResult(output: fromBlocks(output.elements, batch: batch, channels: channels))
  if let tasks, let sums {
    #expect(sums.isIntact, "written outside the sums")
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

/// The weight of a layer, `[O, I, k, k]`, possibly with fewer channels than the geometry, and the bias of a layer that
/// is followed by another.
struct Filter {
  let values: [Float]
  let outputs: Int
  let inputs: Int
  let kernel: Int
  var bias: [Float]?
}

extension ConvolutionKernel {
  /// Packs weights, with every array between guards.
  func packed(_ filters: [Filter]) -> GuardedBuffer {
    let packed = GuardedBuffer(count: packedWeightCount)
    let values = filters.map { GuardedBuffer($0.values) }
    let biases = filters.map { $0.bias.map(GuardedBuffer.init) }
    packWeights(
      filters.indices.map { index in
        FilterWeight(
          values[index].pointer, outputChannels: filters[index].outputs, inputChannels: filters[index].inputs,
          kernel: filters[index].kernel, bias: biases[index].map { UnsafePointer($0.pointer) })
      }, into: packed.pointer, pool: nil)
    for index in filters.indices { expectIntact(values[index], biases[index]) }
    return packed
  }
}

/// The kernels on arrays: scratch of exactly the required size, which is zeroed, and all arrays between guards.
extension ConvolutionKernel where Input == ActivationInput, Output == ActivationOutput {
  func forward(
    _ input: LazyInput, filters: [Filter], bias: [Float]? = nil, appliesReLU: Bool = false, residual: [Float]? = nil,
    materializes: Bool = false, gathers: Bool = false, pool: ComputePool = pool
  ) -> KernelResult {
    let packed = packed(filters)
    let scratch = GuardedBuffer(count: scratchCount(threads: pool.threadCount), filledWith: 0)
    let materialized = materializes ? GuardedBuffer(count: input.values.count) : nil
    var result = withOutput(
      batch: geometry.batch, pixels: geometry.outputPixels, channels: geometry.outputChannels, bias: bias,
      appliesReLU: appliesReLU, residual: residual, tasks: gathers ? taskCount : nil
    ) { output in
      input.withActivationInput(materialized: materialized?.pointer) {
        forward($0, weight: packed.pointer, output: output, scratch: scratch.pointer, pool: pool)
      }
    }
    expectIntact(packed, scratch, materialized)
    result.materialized = fromBlocks(
      materialized?.elements ?? [], batch: geometry.batch, channels: geometry.inputChannels)
    return result
  }

  /// The same with one weight, `[O, I, k, k]`, with the outputs of the geometry or `weightChannels`.
  func forward(
    _ input: LazyInput, weight: [Float], weightChannels: (outputs: Int, inputs: Int)? = nil, bias: [Float]? = nil,
    appliesReLU: Bool = false, residual: [Float]? = nil, materializes: Bool = false, gathers: Bool = false,
    pool: ComputePool = pool
  ) -> KernelResult {
    let outputs = weightChannels?.outputs ?? geometry.outputChannels
    let filter = Filter(
      values: weight, outputs: outputs,
      inputs: weightChannels?.inputs ?? weight.count / (outputs * geometry.kernel * geometry.kernel),
      kernel: geometry.kernel)
    return forward(
      input, filters: [filter], bias: bias, appliesReLU: appliesReLU, residual: residual, materializes: materializes,
      gathers: gathers, pool: pool)
  }

  /// The same with `depthwise`, `[C, 1, 3, 3]`, and `pointwise`, `[O, C, 1, 1]`, possibly with fewer channels than the
  /// geometry.
  func forward(
    _ input: LazyInput, depthwise: [Float], depthwiseBias: [Float], pointwise: [Float], bias: [Float]? = nil,
    appliesReLU: Bool = false, residual: [Float]? = nil, materializes: Bool = false, gathers: Bool = false,
    pool: ComputePool = pool
  ) -> KernelResult {
    let channels = depthwiseBias.count
    return forward(
      input,
      filters: [
        Filter(values: depthwise, outputs: channels, inputs: 1, kernel: 3, bias: depthwiseBias),
        Filter(values: pointwise, outputs: pointwise.count / channels, inputs: channels, kernel: 1),
      ], bias: bias, appliesReLU: appliesReLU, residual: residual, materializes: materializes, gathers: gathers,
      pool: pool)
  }
}

extension ConvolutionKernel where Input == PictureReader, Output == ActivationOutput {
  func forward(
    _ picture: PictureInput, map: PictureMap, weight: Tensor, bias: [Float]?, appliesReLU: Bool,
    gamma: [Float]? = nil, beta: [Float]? = nil, pool: ComputePool = pool
  ) -> KernelResult {
    let packed = packed([
      Filter(
        values: weight.elements, outputs: weight.shape.dimensions[0], inputs: 3, kernel: weight.shape.dimensions[2])
    ])
    let scratch = GuardedBuffer(count: scratchCount(threads: pool.threadCount), filledWith: 0)
    let result = withOutput(
      pixels: geometry.outputPixels, channels: geometry.outputChannels, bias: bias, appliesReLU: appliesReLU,
      tasks: taskCount, gamma: gamma, beta: beta
    ) {
      forward(
        PictureReader(picture: picture, map: map), weight: packed.pointer, output: $0, scratch: scratch.pointer,
        pool: pool)
    }
    expectIntact(packed, scratch)
    return result
  }
}

extension ConvolutionKernel where Input == ActivationInput, Output == PictureOutput {
  /// Returns the picture of `width` × `height`.
  func picture(
    _ input: LazyInput, weight: Tensor, bias: Tensor?, scaling: PictureScaling, width: Int, height: Int,
    pool: ComputePool = pool
  ) -> WrittenPicture {
    let packed = packed([
      Filter(
        values: weight.elements, outputs: 3, inputs: weight.shape.dimensions[1], kernel: weight.shape.dimensions[2])
    ])
    let scratch = GuardedBuffer(count: scratchCount(threads: pool.threadCount), filledWith: 0)
    let bias = bias.map { GuardedBuffer($0.elements) }
    let result = writtenPicture(width: width, height: height) { picture in
      var picture = picture
      picture.bias = bias.map { UnsafePointer($0.pointer) }
      picture.scaling = scaling
      input.withActivationInput {
        forward($0, weight: packed.pointer, output: picture, scratch: scratch.pointer, pool: pool)
      }
    }
    expectIntact(packed, scratch, bias)
    return result
  }
}
