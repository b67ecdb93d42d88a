import Foundation

/// How a picture is optimised: all that, besides the pictures, its result depends on.
public struct OptimizationSettings: Codable, Hashable, Sendable {
  /// What lowers the loss.
  public enum Optimizer: String, CaseIterable, Codable, Sendable {
    /// L-BFGS with a line search.
    case lbfgs
    /// Adam at a falling learning rate.
    case adam
  }

  /// The picture at the start.
  public enum Start: String, CaseIterable, Codable, Sendable {
    /// The photo.
    case photo
    /// Uniform noise.
    case noise
    /// The first painting, enlarged to cover the picture and cropped.
    case painting
  }

  /// The range of ``size`` and ``startSize``.
  public static let sizes = 32...4096

  /// The short side of the result in pixels.
  public var size = 512
  /// The short side of the first canvas in pixels. Each following one is twice as large, up to ``size``.
  public var startSize = 128
  /// The number of steps at each size.
  public var iterations = 100
  /// What lowers the loss.
  public var optimizer = Optimizer.lbfgs
  /// The maximum number of pairs of L-BFGS.
  public var history = LBFGS.usualHistory
  /// The learning rate of Adam's first step, in levels of 255.
  public var learningRate = 4.0
  /// The weights of the objective.
  public var weights = LossWeights()
  /// The short side of the painting, relative to that of the canvas. The painting is never enlarged.
  public var styleScale = 1.0
  /// The picture at the start.
  public var start = Start.photo
  /// Whether there is no photo, and so no content.
  public var isTexture = false
  /// The seed of the noise.
  public var seed: UInt64 = 1
  /// Whether the picture keeps the photo's colours, and only its luma is painted.
  public var preservesColors = false
  /// The maximum side of a tile in pixels.
  public var tileSide = PictureLoss.usualTileSide

  /// Creates the default settings.
  public init() {}

  /// The short sides of the canvases in pixels, in the order of the run.
  ///
  /// The last doubling is left out if it is within a quarter of the final size.
  public var canvasSizes: [Int] {
    var sizes: [Int] = []
    var next = startSize
    while 4 * size > 5 * next {
      sizes.append(next)
      next *= 2
    }
    return sizes + [size]
  }

  /// Checks the settings.
  ///
  /// - Throws: ``TrainingError/invalidSetting(name:found:expected:)`` for a value out of range.
  public func validate() throws {
    func check(_ isValid: Bool, _ name: String, _ found: Any, _ expected: String) throws {
      if !isValid { throw TrainingError.invalidSetting(name: name, found: "\(found)", expected: expected) }
    }
    let (least, most) = (Self.sizes.lowerBound, Self.sizes.upperBound)
    try check(Self.sizes.contains(size), "the size", size, "\(least) to \(most) lines")
    try check((least...size).contains(startSize), "the first size", startSize, "\(least) to \(size) lines")
    try check((1...100_000).contains(iterations), "the number of iterations", iterations, "1 to 100000")
    try check((1...100).contains(history), "the history", history, "1 to 100 pairs")
    try check(learningRate > 0 && learningRate.isFinite, "the learning rate", learningRate, "a positive number")
    try check((0.1...10).contains(styleScale), "the scale of the painting", styleScale, "0.1 to 10")
    try check((256...4096).contains(tileSide), "the side of a tile", tileSide, "256 to 4096 pixels")
    for (name, weight) in [
      ("the content weight", weights.content), ("the style weight", weights.style),
      ("the weight of the total variation", weights.totalVariation),
    ] { try check(weight >= 0 && weight.isFinite, name, weight, "a number that is not negative") }
    let content = isTexture ? 0 : weights.content
    try check(
      content > 0 || weights.style > 0,
      isTexture ? "the style weight" : "the sum of the content weight and the style weight", 0,
      isTexture ? "more than 0: without a photo there is nothing else to paint" : "more than 0")
    try check(
      !isTexture || start != .photo, "the start", start.rawValue, "noise or painting: a texture has no photo")
    try check(!isTexture || !preservesColors, "preserving colours", "on", "a photo whose colours to keep")
  }
}
