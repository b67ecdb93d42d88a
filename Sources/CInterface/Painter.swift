import CImpasto
import Glibc
import Inference
import Kernels
import Networks
import Threading

/// Paints pictures in one style. It keeps the memory for those of the last size. Not thread-safe.
final class Painter {
  private let model: PreparedModel
  private let pool: ComputePool
  private let denoises: Bool
  private var engine: StyleEngine?
  /// The lines of the engine's canvas; nil for those of the model.
  private var lines: Int?
  private var denoiser: TemporalDenoiser?
  /// The source as RGB24.
  private var source = RGBBuffer()
  /// The painted picture, if that of the source is needed to the end.
  private var painted = RGBBuffer()

  init(_ model: PreparedModel, denoises: Bool, pool: ComputePool) {
    self.model = model
    self.denoises = denoises
    self.pool = pool
  }

  /// Allocates the memory for pictures of a size.
  func prepare(width: Int, height: Int, _ settings: PaintSettings) throws {
    _ = try engine(width: width, height: height, settings.strokes)
  }

  /// Paints `image` into `target`, which has been checked against it.
  func paint(_ image: ImageView, into target: ImageView, _ settings: PaintSettings) throws {
    if settings.strength == 0, !denoises { return try copy(image, into: target) }
    let engine = try engine(width: image.width, height: image.height, settings.strokes)
    let isPlain = settings.strength == 1 && !settings.preservesColors
    if isPlain, !denoises, image.order == .rgb, target.order == .rgb {
      return try engine.stylize(
        image.pixels, sourceStride: image.stride, into: target.pixels, destinationStride: target.stride)
    }
    let stride = 3 * image.width
    var original = (pixels: image.pixels, stride: image.stride)
    if image.order != .rgb || denoises {
      original = (try source.memory(stride * image.height), stride)
      PixelReordering.toRGB(
        image.pixels, stride: image.stride, order: image.order, into: original.pixels, outputStride: stride,
        width: image.width, height: image.height, pool: pool)
      if denoises { denoiser(for: image).apply(original.pixels, stride: stride) }
    }
    let isOwn = original.pixels != image.pixels
    let result = isPlain && isOwn ? original.pixels : try painted.memory(stride * image.height)
    try engine.stylize(original.pixels, sourceStride: original.stride, into: result, destinationStride: stride)
    blend(original, into: result, image, settings)
    write(result, into: target, alpha: image)
  }

  /// Mixes the painted picture with the original, in the order of `FrameBlend`.
  private func blend(
    _ original: (pixels: UnsafeMutablePointer<UInt8>, stride: Int), into result: UnsafeMutablePointer<UInt8>,
    _ image: ImageView, _ settings: PaintSettings
  ) {
    let stride = 3 * image.width
    if settings.preservesColors {
      Blending.preserveColors(
        source: original.pixels, sourceStride: original.stride, stylized: result, stylizedStride: stride, into: result,
        destinationStride: stride, width: image.width, height: image.height, pool: pool)
    }
    if settings.strength < 1 {
      Blending.mix(
        source: original.pixels, sourceStride: original.stride, stylized: result, stylizedStride: stride, into: result,
        destinationStride: stride, width: image.width, height: image.height, strength: settings.strength, pool: pool)
    }
  }

  /// Writes the source itself.
  private func copy(_ image: ImageView, into target: ImageView) throws {
    let result = try painted.memory(3 * image.width * image.height)
    PixelReordering.toRGB(
      image.pixels, stride: image.stride, order: image.order, into: result, outputStride: 3 * image.width,
      width: image.width, height: image.height, pool: pool)
    write(result, into: target, alpha: image)
  }

  private func write(_ pixels: UnsafePointer<UInt8>, into target: ImageView, alpha image: ImageView) {
    PixelReordering.fromRGB(
      pixels, stride: 3 * target.width, alpha: image.order.hasAlpha ? (UnsafePointer(image.pixels), image.stride) : nil,
      into: target.pixels, outputStride: target.stride, order: target.order, width: target.width,
      height: target.height, pool: pool)
  }

  private func engine(width: Int, height: Int, _ strokes: Strokes?) throws -> StyleEngine {
    let lines = strokes.flatMap { model.definition.canvasLines(for: $0) }
    if let engine, (engine.width, engine.height) == (width, height), lines == self.lines { return engine }
    // The memory of the last size is free before that of the next is counted.
    engine = nil
    let result = try StyleEngine(model: model, width: width, height: height, pool: pool, canvasLines: lines)
    (engine, self.lines) = (result, lines)
    return result
  }

  private func denoiser(for image: ImageView) -> TemporalDenoiser {
    if let denoiser, (denoiser.width, denoiser.height) == (image.width, image.height) { return denoiser }
    let result = TemporalDenoiser(width: image.width, height: image.height)
    denoiser = result
    return result
  }
}

/// Memory that grows as needed, and is freed with this object.
private final class RGBBuffer {
  private var pixels: UnsafeMutablePointer<UInt8>?
  private var count = 0

  /// Returns `count` bytes with undefined content. They are valid until the next call.
  ///
  /// - Throws: ``Failure`` if the system refuses. Swift's own allocation would end the process.
  func memory(_ count: Int) throws(Failure) -> UnsafeMutablePointer<UInt8> {
    if let pixels, count <= self.count { return pixels }
    free(pixels)
    pixels = malloc(count)?.assumingMemoryBound(to: UInt8.self)
    self.count = pixels == nil ? 0 : count
    guard let pixels else { throw Failure(IMPASTO_OUT_OF_MEMORY, "there is no memory for a copy of \(count) bytes") }
    return pixels
  }

  deinit { free(pixels) }
}
