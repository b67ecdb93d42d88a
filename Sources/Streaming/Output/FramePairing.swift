import FFmpeg
import Foundation

/// Puts the source above the painted picture, as one picture of twice the height, so that a viewer can show parts of
/// both at exactly the same time. For one thread.
public final class FramePairing: @unchecked Sendable {
  private let orientation: Orientation
  private var scaler = AdaptiveScaler()
  private var scratch = ScratchFrame()
  private var upright = ScratchFrame()
  private var original = ScratchFrame()
  private var pair = ScratchFrame()

  /// Pairs for a source whose stored pictures are turned for display as `orientation` says.
  public init(orientation: Orientation = .upright) { self.orientation = orientation }

  /// The pair; the caller may keep it until the next call. `painted` is planar with chroma halved down at most, of an
  /// even height, and upright; `source` is as stored. Throws `MediaError`.
  public func pair(painted: Frame, source: Frame) throws -> Frame {
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
  /// Copies the rows of `other`, a planar picture of the same width and format, to those from `row` on.
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
