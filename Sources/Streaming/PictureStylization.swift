import Imaging
import Inference
import Networks
import Threading

/// Repaints a still picture.
public struct PictureStylization: Sendable {
  /// The size at which the network paints.
  public enum WorkSize: Equatable, Sendable {
    /// The picture's own.
    case original
    /// So that the shorter side has that many pixels.
    case shortSide(Int)
    /// Exactly this, whatever the picture's shape.
    case exact(width: Int, height: Int)
  }

  /// The size at which the network paints; the result has the picture's own size all the same.
  public var workSize: WorkSize
  /// How large the strokes are; nil for those of the model, the only choice for one without a canvas.
  public var strokes: Strokes?
  /// The share of the repainted picture, 0 (the source) to 1.
  public var strength: Float
  /// Whether the colours stay the source's, and only the brightness is repainted.
  public var preservesColors: Bool

  /// The repainted picture alone, at its own size, with the model's strokes, unless told otherwise.
  public init(
    workSize: WorkSize = .original, strokes: Strokes? = nil, strength: Float = 1, preservesColors: Bool = false
  ) {
    self.workSize = workSize
    self.strokes = strokes
    self.strength = strength
    self.preservesColors = preservesColors
  }

  /// Width and height at which the network paints `picture`.
  public func size(for picture: Picture) -> (width: Int, height: Int) {
    switch workSize {
    case .original: (picture.width, picture.height)
    case .shortSide(let side): picture.scaledSize(shortSide: side)
    case .exact(let width, let height): (width, height)
    }
  }

  /// `picture` in the style of `model`: of the same size and with the same alpha.
  ///
  /// Throws `ModelError` where strokes are chosen and the model has no canvas, `InferenceError` where the model or the
  /// size does not fit, or the memory does not suffice.
  public func run(_ picture: Picture, model: StyleModel, pool: ComputePool) throws -> Picture {
    let size = size(for: picture)
    let lines = try model.definition.canvasLines(chosen: strokes, style: model.style)
    var stylized = picture.withAlpha(nil).resized(width: size.width, height: size.height, pool: pool)
    try Self.paint(&stylized, model: model, canvasLines: lines, pool: pool)
    stylized = stylized.resized(width: picture.width, height: picture.height, pool: pool)
    if preservesColors { stylized = picture.preservingColors(in: stylized, pool: pool) }
    if strength < 1 { stylized = picture.mixed(with: stylized, strength: strength, pool: pool) }
    return stylized.withAlpha(picture.alpha)
  }

  /// In a function of its own, so that the engine's memory is free again before the picture is scaled and mixed.
  private static func paint(
    _ picture: inout Picture, model: StyleModel, canvasLines: Int?, pool: ComputePool
  ) throws {
    let engine = try StyleEngine(
      model: PreparedModel(model), width: picture.width, height: picture.height, pool: pool, canvasLines: canvasLines)
    let stride = picture.stride
    try picture.withUnsafeMutablePixels { pixels in
      guard let base = pixels.baseAddress else { return }
      try engine.stylize(base, sourceStride: stride, into: base, destinationStride: stride)
    }
  }
}
