import FFmpeg
import Imaging
import Kernels
import Threading

/// The stylizers for one style and size, one for each frame that is painted at a time. Each is used by one thread.
final class Stylizers: @unchecked Sendable {
  let each: [any FrameStylizer]

  init(_ each: [any FrameStylizer]) { self.each = each }
}

/// How to paint one frame: the settings of a ``StyleMixer`` at the frame's time.
///
/// The recipe retains its stylizers, so that later changes do not affect the frame.
struct FrameRecipe: Sendable {
  struct Part: Sendable {
    let stylizers: Stylizers
    let share: Double
  }

  let rung: WorkSizeLadder.Rung
  /// Frames of the same generation take the same time.
  let generation: Int
  let blend: FrameBlend
  let parts: [Part]
  /// How to paint outside of a mask; empty for as everywhere.
  let outside: [Part]
  let turn: StyleMixer.Turn?

  /// Whether the styles outside of a mask are others.
  var hasOutside: Bool { !outside.isEmpty }

  var size: WorkSizeLadder.Size { rung.size }
}

/// Paints one frame at a time with its own compute pool. Not thread-safe.
final class FramePainter: @unchecked Sendable {
  let pool: ComputePool
  /// Hold the result of every style of a mixture but the first.
  private var scratch = ScratchFrame()
  private let floatScratch = FloatPicture()
  /// Hold the picture outside of a mask.
  private var outside = ScratchFrame()
  private let floatOutside = FloatPicture()

  init(_ pool: ComputePool) { self.pool = pool }

  /// Paints a frame of the recipe's size with the stylizers at index `place`.
  ///
  /// - Parameter mask: Where to paint in the styles of the recipe, if it has others for outside; of the recipe's size.
  /// - Throws: An error of a stylizer or of the recipe's turn.
  func paint(
    _ recipe: FrameRecipe, place: Int, _ source: UnsafePointer<UInt8>, sourceStride: Int,
    into destination: UnsafeMutablePointer<UInt8>, destinationStride: Int, mask: MaskPlane? = nil
  ) throws {
    let (width, height) = (recipe.size.width, recipe.size.height)
    func paint(
      _ parts: [FrameRecipe.Part], into target: UnsafeMutablePointer<UInt8>, stride: Int
    ) throws {
      try forEach(parts, place) { stylizer, share in
        guard let share else {
          return try stylizer.stylize(source, sourceStride: sourceStride, into: target, destinationStride: stride)
        }
        let other = try scratch.rgb24(width: width, height: height)
        guard let plane = other.plane(0) else { return }
        try stylizer.stylize(source, sourceStride: sourceStride, into: plane, destinationStride: other.stride(0))
        Blending.mix(
          source: target, sourceStride: stride, stylized: plane, stylizedStride: other.stride(0), into: target,
          destinationStride: stride, width: width, height: height, strength: share, pool: pool)
      }
    }
    try taking(recipe.turn) {
      try paint(recipe.parts, into: destination, stride: destinationStride)
      guard let mask, recipe.hasOutside else { return }
      let other = try outside.rgb24(width: width, height: height)
      guard let plane = other.plane(0) else { return }
      try paint(recipe.outside, into: plane, stride: other.stride(0))
      Blending.mix(
        source: plane, sourceStride: other.stride(0), stylized: destination, stylizedStride: destinationStride,
        mask: mask.rows, into: destination, destinationStride: destinationStride, width: width, height: height,
        strength: 1, pool: pool)
    }
  }

  /// Paints a float picture of the recipe's size, see
  /// ``paint(_:place:_:sourceStride:into:destinationStride:mask:)``.
  func paint(
    _ recipe: FrameRecipe, place: Int, _ source: UnsafePointer<Float>, into destination: UnsafeMutablePointer<Float>,
    mask: MaskPlane? = nil
  ) throws {
    let (width, height) = (recipe.size.width, recipe.size.height)
    func paint(_ parts: [FrameRecipe.Part], into target: UnsafeMutablePointer<Float>) throws {
      try forEach(parts, place) { stylizer, share in
        guard let share else { return try stylizer.stylize(source, into: target) }
        floatScratch.resize(width: width, height: height)
        try stylizer.stylize(source, into: floatScratch.colours)
        let other = floatScratch.colours
        for index in 0..<3 * floatScratch.pixelCount { target[index] += (other[index] - target[index]) * share }
      }
    }
    try taking(recipe.turn) {
      try paint(recipe.parts, into: destination)
      guard let mask, recipe.hasOutside else { return }
      floatOutside.resize(width: width, height: height)
      try paint(recipe.outside, into: floatOutside.colours)
      Blending.mix(
        source: floatOutside.colours, stylized: destination, mask: mask.rows, into: destination, width: width,
        height: height)
    }
  }

  /// Calls `body` with each stylizer and the weight of its result in the mean with those before it; nil for the first.
  private func forEach(
    _ parts: [FrameRecipe.Part], _ place: Int, _ body: (any FrameStylizer, _ share: Float?) throws -> Void
  ) throws {
    var sum = 0.0
    for part in parts {
      sum += part.share
      try body(part.stylizers.each[place], sum == part.share ? nil : Float(part.share / sum))
    }
  }

  private func taking(_ turn: StyleMixer.Turn?, _ paint: () throws -> Void) throws {
    if let turn { try turn(paint) } else { try paint() }
  }
}
