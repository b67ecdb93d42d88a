import Kernels
import Networks
import Tensors
import Threading

/// Paints pictures of one size in one style.
///
/// Pictures whose size is not a multiple of the network's size multiple are extended by reflection at the right and
/// bottom edges, and the result is cropped: size and position do not change. A network with a canvas paints on the
/// canvas, whatever the size of the pictures, and needs no extension. All memory is allocated at the start; a frame
/// allocates nothing. The engine may be used from different threads, but paints one picture at a time.
public final class StyleEngine: @unchecked Sendable {
  /// The width of the pictures.
  public let width: Int
  /// The height of the pictures.
  public let height: Int
  private let plan: InferencePlan
  private let pool: ComputePool

  /// Creates an engine for `model` and pictures of `width` × `height` that computes on `pool`.
  ///
  /// - Throws: ``InferenceError`` if the model lacks a parameter or has one of a different shape, the size is out of
  ///   range, or the system has not enough memory.
  public convenience init(model: StyleModel, width: Int, height: Int, pool: ComputePool) throws {
    try self.init(model: PreparedModel(model), width: width, height: height, pool: pool)
  }

  /// Creates an engine for a prepared model, whose weights engines of several sizes share.
  ///
  /// - Parameters:
  ///   - memoryLimit: The maximum number of bytes of activations and scratch; nil for the available memory of the
  ///     system.
  ///   - canvasLines: The lines of the canvas, one of `Canvas.lines`; nil for those of the model. Ignored if the
  ///     network has no canvas.
  /// - Throws: ``InferenceError`` if the size or the canvas is out of range, or there is not enough memory.
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

  /// The bytes of activations, scratch and canvas, without the weights, which engines may share.
  public var memoryByteCount: Int { plan.byteCount }

  /// Paints `source` into `destination`, both `height` rows of `width` RGB pixels of three bytes, with rows a stride
  /// apart.
  ///
  /// The result is clamped to 0…255 and rounded to the nearest integer. The two may be the same memory. Bytes between
  /// the rows of the destination are not changed.
  ///
  /// - Throws: ``InferenceError`` if a stride is less than `3 · width`.
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

  /// Paints `source` into `destination`, both `height` rows of `width` RGB pixels of three floats, 0…255, without gaps.
  ///
  /// The result is neither clamped nor rounded. The two may be the same memory.
  public func stylize(_ source: UnsafePointer<Float>, into destination: UnsafeMutablePointer<Float>) throws {
    plan.run(.floats(source, stride: 3 * width), into: .floats(destination, stride: 3 * width), pool: pool)
  }

  /// Paints a picture `[1, height, width, 3]` of floats, RGB 0…255. The result is neither clamped nor rounded.
  ///
  /// - Throws: ``InferenceError`` if the picture has a different shape.
  public func run(_ input: Tensor) throws -> Tensor {
    try check(input)
    let result = Tensor(input.shape, zeroed: false)
    withExtendedLifetime((input, result)) {
      plan.run(floats(input), into: .floats(result.pointer, stride: 3 * width), pool: pool)
    }
    return result
  }

  /// Measures the time of each step on a picture as in ``run(_:)``.
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
