import FFmpeg
import Foundation

/// Stacks the source frame on top of the painted one, as a single frame of twice the height, so that a viewer can
/// compare parts of both at exactly the same time. Not thread-safe.
package final class FramePairing: @unchecked Sendable {
  private let orientation: Orientation
  private var scaler = AdaptiveScaler()
  private var scratch = ScratchFrame()
  private var upright = ScratchFrame()
  private var original = ScratchFrame()
  private var pair = ScratchFrame()

  /// Creates a pairing for a source with this orientation.
  package init(orientation: Orientation = .upright) { self.orientation = orientation }

  /// Returns the stacked frame, which is valid until the next call.
  ///
  /// - Parameters:
  ///   - painted: An upright planar frame of even height whose chroma is at most halved vertically.
  ///   - source: The frame as stored in the source.
  /// - Throws: `MediaError`.
  package func pair(painted: Frame, source: Frame) throws -> Frame {
    var format = painted.format
    let original = try self.original.of(format)
    if orientation == .upright {
      try scaler.scale(source, into: original)
    } else {
      let turned = try upright.rgb24(width: format.width, height: format.height)
      try turnedScaler.scaleTurned(source, into: turned, orientation: orientation, scratch: &scratch)
      try scaler.scale(turned, into: original)
    }
    format.height *= 2
    let pair = try self.pair.of(format)
    try pair.makeWritable()
    pair.append(original, atRow: 0)
    pair.append(painted, atRow: painted.height)
    return pair
  }

  private var turnedScaler = AdaptiveScaler()
}

extension Frame {
  /// Copies all rows of `other`, a planar frame of the same width and format, to the rows from `row` on.
  fileprivate func append(_ other: Frame, atRow row: Int) {
    for index in 0..<3 {
      guard let from = other.plane(index), let to = plane(index) else { return }
      let shift = index == 0 ? 0 : pixelFormat.chromaShift.vertical
      let (rows, first) = ((other.height + (1 << shift) - 1) >> shift, row >> shift)
      let count = min(other.stride(index), stride(index))
      for y in 0..<rows { memcpy(to + (first + y) * stride(index), from + y * other.stride(index), count) }
    }
  }
}
