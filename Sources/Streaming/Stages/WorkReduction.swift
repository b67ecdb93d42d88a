import Networks

/// How the painting is coarser than its settings say, because the machine does not keep up with the source.
package enum WorkReduction: Equatable, Sendable, CustomStringConvertible {
  /// The strokes are larger than those that were chosen.
  case strokes(painted: Strokes, chosen: Strokes)
  /// The network paints smaller frames.
  case size(width: Int, height: Int, fullWidth: Int, fullHeight: Int)

  /// The reason for people, one sentence.
  package var description: String {
    let reason = "this machine does not keep up with the source"
    switch self {
    case .strokes(let painted, let chosen):
      return "\(reason), so the strokes are larger: \(Self.name(painted)) instead of \(Self.name(chosen))"
    case .size(let width, let height, let fullWidth, let fullHeight):
      return "\(reason), so it paints \(width)×\(height) instead of \(fullWidth)×\(fullHeight) pixels"
    }
  }

  private static func name(_ strokes: Strokes) -> String {
    switch strokes {
    case .size(let size): size.rawValue
    case .lines(let lines): "\(lines) lines"
    }
  }
}
