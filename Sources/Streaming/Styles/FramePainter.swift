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
  let turn: StyleMixer.Turn?

  var size: WorkSizeLadder.Size { rung.size }
}

/// Paints one frame at a time with its own compute pool. Not thread-safe.
final class FramePainter: @unchecked Sendable {
  let pool: ComputePool
  /// Hold the result of every style of a mixture but the first.
  private var scratch = ScratchFrame()
  private let floatScratch = FloatPicture()

  init(_ pool: ComputePool) { self.pool = pool }

  /// Paints a frame of the recipe's size with the stylizers at index `place`.
  ///
  /// - Throws: An error of a stylizer or of the recipe's turn.
  func paint(
    _ recipe: FrameRecipe, place: Int, _ source: UnsafePointer<UInt8>, sourceStride: Int,
    into destination: UnsafeMutablePointer<UInt8>, destinationStride: Int
  ) throws {
    try forEachPart(of: recipe, place) { stylizer, share in
      guard let share else {
        return try stylizer.stylize(
          source, sourceStride: sourceStride, into: destination, destinationStride: destinationStride)
      }
      let other = try scratch.rgb24(width: recipe.size.width, height: recipe.size.height)
      guard let plane = other.plane(0) else { return }
      try stylizer.stylize(source, sourceStride: sourceStride, into: plane, destinationStride: other.stride(0))
      Blending.mix(
        source: destination, sourceStride: destinationStride, stylized: plane, stylizedStride: other.stride(0),
        into: destination, destinationStride: destinationStride, width: recipe.size.width,
        height: recipe.size.height, strength: share, pool: pool)
    }
  }

  /// Paints a float picture of the recipe's size, see ``paint(_:place:_:sourceStride:into:destinationStride:)``.
  func paint(
    _ recipe: FrameRecipe, place: Int, _ source: UnsafePointer<Float>, into destination: UnsafeMutablePointer<Float>
  ) throws {
    try forEachPart(of: recipe, place) { stylizer, share in
      guard let share else { return try stylizer.stylize(source, into: destination) }
      floatScratch.resize(width: recipe.size.width, height: recipe.size.height)
      try stylizer.stylize(source, into: floatScratch.colours)
      let other = floatScratch.colours
      for index in 0..<3 * floatScratch.pixelCount { destination[index] += (other[index] - destination[index]) * share }
    }
  }

  /// Calls `body` with each stylizer and the weight of its result in the mean with those before it; nil for the first.
  private func forEachPart(
    of recipe: FrameRecipe, _ place: Int, _ body: (any FrameStylizer, _ share: Float?) throws -> Void
  ) throws {
    func paint() throws {
      var sum = 0.0
      for part in recipe.parts {
        sum += part.share
        try body(part.stylizers.each[place], sum == part.share ? nil : Float(part.share / sum))
      }
    }
    if let turn = recipe.turn { try turn(paint) } else { try paint() }
  }
}
