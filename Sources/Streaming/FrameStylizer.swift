/// Repaints one picture at a time, at a size fixed when it was made.
///
/// The pipeline calls it from one thread, frame by frame; what it needs for a frame it has allocated before.
public protocol FrameStylizer: AnyObject {
  /// Pixels across, of source and destination.
  var width: Int { get }
  /// Pixels down, of source and destination.
  var height: Int { get }

  /// Reads `width · height` pixels of RGB24 from `source` and writes as many to `destination`; the two do not overlap. Strides
  /// are the bytes from row to row.
  func stylize(
    _ source: UnsafePointer<UInt8>, sourceStride: Int, into destination: UnsafeMutablePointer<UInt8>,
    destinationStride: Int) throws
}
