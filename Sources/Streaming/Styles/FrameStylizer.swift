import Inference
import Networks
import Threading

/// Repaints one picture at a time, at a size fixed when it was made.
///
/// One thread calls it, frame by frame; what it needs for a frame it has allocated before.
public protocol FrameStylizer: AnyObject {
  /// Pixels across, of source and destination.
  var width: Int { get }
  /// Pixels down, of source and destination.
  var height: Int { get }

  /// Reads `width · height` pixels of RGB24 from `source` and writes as many to `destination`; the two do not overlap.
  /// Strides are the bytes from row to row.
  func stylize(
    _ source: UnsafePointer<UInt8>, sourceStride: Int, into destination: UnsafeMutablePointer<UInt8>,
    destinationStride: Int) throws
}

extension StyleEngine: FrameStylizer {}

/// Makes the stylizers of one style: a prepared model, or a test's own making.
public protocol StylizerFactory: AnyObject, Sendable {
  /// The lines of the canvas for `strokes`; nil where there is no canvas.
  func canvasLines(for strokes: Strokes) -> Int?

  /// The extents of the canvas for `strokes` and pictures of `width` × `height`; nil where there is no canvas.
  func canvasExtents(for strokes: Strokes, width: Int, height: Int) -> (width: Int, height: Int)?

  /// A stylizer that computes with `pool`, on a canvas of `canvasLines` or the one it has learned.
  ///
  /// `memoryLimit` is in bytes; nil for what the system has available. Throws `InferenceError` where the size or the
  /// canvas is out of range or the memory does not suffice.
  func makeStylizer(
    width: Int, height: Int, canvasLines: Int?, pool: ComputePool, memoryLimit: Int?
  ) throws -> any FrameStylizer
}

extension StylizerFactory {
  /// For a style that paints pictures at their own size.
  public func canvasLines(for strokes: Strokes) -> Int? { nil }
  /// For a style that paints pictures at their own size.
  public func canvasExtents(for strokes: Strokes, width: Int, height: Int) -> (width: Int, height: Int)? { nil }
}

extension PreparedModel: StylizerFactory {
  /// The lines of the network's canvas for `strokes`; nil where it has none.
  public func canvasLines(for strokes: Strokes) -> Int? { definition.canvasLines(for: strokes) }

  /// The extents of the network's canvas; nil where it has none.
  public func canvasExtents(for strokes: Strokes, width: Int, height: Int) -> (width: Int, height: Int)? {
    definition.canvasExtents(for: strokes, height: height, width: width).map { ($0.width, $0.height) }
  }

  /// An engine of the network. Throws `InferenceError`.
  public func makeStylizer(
    width: Int, height: Int, canvasLines: Int?, pool: ComputePool, memoryLimit: Int?
  ) throws -> any FrameStylizer {
    try StyleEngine(
      model: self, width: width, height: height, pool: pool, memoryLimit: memoryLimit, canvasLines: canvasLines)
  }
}
