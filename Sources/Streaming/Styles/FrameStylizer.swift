import Inference
import Networks
import Threading

/// Paints one frame at a time, at a size fixed on creation.
///
/// Only one thread may call a stylizer at a time. It allocates no memory per frame.
public protocol FrameStylizer: AnyObject {
  /// The width of source and destination in pixels.
  var width: Int { get }
  /// The height of source and destination in pixels.
  var height: Int { get }

  /// Reads `width · height` RGB24 pixels from `source` and writes as many to `destination`. The two may be the same
  /// memory, but must not overlap otherwise. Strides are in bytes per row.
  func stylize(
    _ source: UnsafePointer<UInt8>, sourceStride: Int, into destination: UnsafeMutablePointer<UInt8>,
    destinationStride: Int) throws

  /// Reads `width · height` RGB pixels of floats, 0…255, from `source` and writes as many to `destination`, for formats
  /// with more than 8 bits. The two may be the same memory, but must not overlap otherwise, and their rows have no
  /// gaps.
  func stylize(_ source: UnsafePointer<Float>, into destination: UnsafeMutablePointer<Float>) throws
}

extension StyleEngine: FrameStylizer {}

/// Creates the stylizers of one style. `PreparedModel` is the usual implementation.
public protocol StylizerFactory: AnyObject, Sendable {
  /// The cost of painting a pixel of the canvas, or of the frame if there is no canvas, in multiply-adds. It only has
  /// to be right relative to other styles.
  var multiplyAddsPerPixel: Double { get }

  /// Returns the number of canvas lines for `strokes`, or nil if there is no canvas.
  func canvasLines(for strokes: Strokes) -> Int?

  /// Returns the size of the canvas for `strokes` and frames of `width` × `height`, or nil if there is no canvas.
  func canvasExtents(for strokes: Strokes, width: Int, height: Int) -> (width: Int, height: Int)?

  /// Creates a stylizer that computes with `pool`.
  ///
  /// - Parameters:
  ///   - canvasLines: The number of lines of the canvas; nil for the one the model was trained with.
  ///   - memoryLimit: The maximum memory in bytes; nil for what the system has available.
  /// - Throws: `InferenceError` if the size or the canvas is out of range or memory is insufficient.
  func makeStylizer(
    width: Int, height: Int, canvasLines: Int?, pool: ComputePool, memoryLimit: Int?
  ) throws -> any FrameStylizer
}

extension StylizerFactory {
  /// The default for styles that are not compared with others.
  public var multiplyAddsPerPixel: Double { 1 }
  /// The default for styles without a canvas.
  public func canvasLines(for strokes: Strokes) -> Int? { nil }
  /// The default for styles without a canvas.
  public func canvasExtents(for strokes: Strokes, width: Int, height: Int) -> (width: Int, height: Int)? { nil }
}

extension PreparedModel: StylizerFactory {
  /// The multiply-adds of the network without its canvas and revision, per pixel.
  public var multiplyAddsPerPixel: Double {
    let (draft, side) = (definition.draft, 256)
    let multiple = max(1, draft.sizeMultiple)
    let extent = (side + multiple - 1) / multiple * multiple
    guard let count = try? draft.multiplyAdds(height: extent, width: extent), count > 0 else { return 1 }
    return Double(count) / Double(extent * extent)
  }

  /// Returns the number of lines of the network's canvas for `strokes`, or nil if it has none.
  public func canvasLines(for strokes: Strokes) -> Int? { definition.canvasLines(for: strokes) }

  /// Returns the size of the network's canvas, or nil if it has none.
  public func canvasExtents(for strokes: Strokes, width: Int, height: Int) -> (width: Int, height: Int)? {
    definition.canvasExtents(for: strokes, height: height, width: width).map { ($0.width, $0.height) }
  }

  /// Creates an engine for the network.
  ///
  /// - Throws: `InferenceError`.
  public func makeStylizer(
    width: Int, height: Int, canvasLines: Int?, pool: ComputePool, memoryLimit: Int?
  ) throws -> any FrameStylizer {
    try StyleEngine(
      model: self, width: width, height: height, pool: pool, memoryLimit: memoryLimit, canvasLines: canvasLines)
  }
}
