import Inference

/// The memory that an optimisation needs.
///
/// For a picture of `P` pixels: `12·P` bytes for each vector, of which the optimizer holds `5 + 2·history` (L-BFGS) or
/// 9 (Adam) and an evaluation 9; ``contentBytes`` per pixel for the photo's features; ``tileBytes`` per pixel of a
/// tile and of its octaves, a third more; and ``fixed`` for the weights of the extractor.
package enum OptimizationMemory {
  /// The bytes of one vector per pixel: three floats.
  private static let vectorBytes = 12
  private static let evaluationVectors = 9
  /// The bytes of the photo's features and their copies, per pixel of the picture.
  private static let contentBytes = 128
  /// The bytes of the features of a tile and of their gradients, per pixel of the tile.
  private static let tileBytes = 2600
  /// The bytes of the extractor's weights in the layouts of two algorithms, forward and backward, and of the program.
  private static let fixed = 1250 << 20
  /// The least number of pairs with which L-BFGS is worth its name.
  private static let minimumHistory = 3

  /// Returns the pixels of a tile and of its octaves of half and quarter size, `1 + 1/4 + 1/16` times as many.
  static func pixelsWithOctaves(_ pixels: Int) -> Int { pixels + pixels / 3 }

  /// Returns the bytes that a picture of `width` × `height` needs.
  package static func bytes(width: Int, height: Int, history: Int, settings: OptimizationSettings) -> Int {
    let pixels = width * height
    let held = settings.optimizer == .lbfgs ? 5 + 2 * history : 9
    let tile = min(pixels, settings.tileSide * settings.tileSide)
    return pixels * (vectorBytes * (held + evaluationVectors) + contentBytes) + pixelsWithOctaves(tile) * tileBytes
      + fixed
  }

  /// Returns the number of pairs that fit the memory, at most that of the settings.
  ///
  /// - Parameter available: The bytes that may be used; nil if unknown.
  /// - Throws: ``OptimizationError/tooLarge(width:height:needed:available:)`` if not even three pairs fit.
  package static func history(
    width: Int, height: Int, settings: OptimizationSettings, available: Int? = AvailableMemory.forPlan()
  ) throws -> Int {
    guard let available else { return settings.history }
    let least = min(minimumHistory, settings.history)
    for history in (least...settings.history).reversed()
    where bytes(width: width, height: height, history: history, settings: settings) <= available { return history }
    throw OptimizationError.tooLarge(
      width: width, height: height,
      needed: bytes(width: width, height: height, history: least, settings: settings), available: available)
  }
}
