import Kernels
import Networks
import Tensors
import Threading

/// Paints pictures of one size in one style.
///
/// Pictures whose size is not a multiple of what the network needs are extended at the right and at the bottom by
/// mirroring, and the result is cropped: size and position do not change. A network with a canvas paints on that whatever the pictures'
/// size, which nothing extends. All memory is taken at the start; a frame
/// allocates nothing. The engine may be handed from thread to thread, but paints one picture at a time.
public final class StyleEngine: @unchecked Sendable {
  /// The pictures' width.
  public let width: Int
  /// The pictures' height.
  public let height: Int
  private let plan: InferencePlan
  private let pool: ComputePool

  /// An engine for `model` and pictures of `width` × `height`, computing on `pool`.
  ///
  /// Throws ``InferenceError`` where the model lacks a parameter or has one of another shape, the size is out of range, or the
  /// system has not the memory for it.
  public convenience init(model: StyleModel, width: Int, height: Int, pool: ComputePool) throws {
    try self.init(model: PreparedModel(model), width: width, height: height, pool: pool)
  }

  /// The same for a prepared model, whose weights engines of several sizes share; also throws for a canvas out of range.
  ///
  /// - Parameters:
  ///   - memoryLimit: the bytes that activations and scratch may take; nil means what the system has available.
  ///   - canvasLines: the lines of the canvas, one of `Canvas.lines`; nil means the model's. Where the network has no canvas it does not
  ///     matter.
  public init(
    model: PreparedModel, width: Int, height: Int, pool: ComputePool, memoryLimit: Int? = nil, canvasLines: Int? = nil
  ) throws {
    plan = try InferencePlan(
      model: model, width: width, height: height, canvasLines: canvasLines, threads: pool.threadCount,
      memoryLimit: memoryLimit ?? AvailableMemory.forPlan())
    self.width = width
    self.height = height
    self.pool = pool
  }

  /// Bytes of activations, scratch and canvas; the weights, which engines may share, come on top.
  public var memoryByteCount: Int { plan.byteCount }

  /// Paints `source` into `destination`, both `height` rows of `width` RGB pixels of three bytes, rows a stride apart.
  ///
  /// The result is clamped to 0…255 and rounded to the nearest whole number. The two may be the same memory. Bytes between
  /// the destination's rows are not touched. Throws ``InferenceError`` for a stride that is less than `3 · width`.
  public func stylize(
    _ source: UnsafePointer<UInt8>, sourceStride: Int, into destination: UnsafeMutablePointer<UInt8>,
    destinationStride: Int
  ) throws {
    guard min(sourceStride, destinationStride) >= 3 * width else {
      throw InferenceError.strideTooSmall(stride: min(sourceStride, destinationStride), width: width)
    }
    plan.run(
      .bytes(source, stride: sourceStride), into: .bytes(destination, stride: destinationStride), pool: pool)
  }

  /// Paints a picture `[1, height, width, 3]` of floats, RGB 0…255; the result is neither clamped nor rounded.
  ///
  /// Throws ``InferenceError`` for another shape.
  public func run(_ input: Tensor) throws -> Tensor {
    try check(input)
    let result = Tensor(input.shape, zeroed: false)
    withExtendedLifetime((input, result)) {
      plan.run(floats(input), into: .floats(result.pointer, stride: 3 * width), pool: pool)
    }
    return result
  }

  /// How long each step takes on a picture like ``run(_:)``'s, for measurements.
  public func profile(_ input: Tensor) throws -> [StepTiming] {
    try check(input)
    let result = Tensor(input.shape, zeroed: false)
    return withExtendedLifetime((input, result)) {
      plan.profile(floats(input), into: .floats(result.pointer, stride: 3 * width), pool: pool)
    }
  }

  private func floats(_ input: Tensor) -> PictureInput.Storage { .floats(input.pointer, stride: 3 * width) }

  private func check(_ input: Tensor) throws {
    let expected = Shape(batch: 1, height: height, width: width, channels: 3)
    guard input.shape == expected else {
      throw InferenceError.wrongInput(found: input.shape.dimensions, expected: expected.dimensions)
    }
  }
}
