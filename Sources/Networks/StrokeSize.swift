/// How large strokes are, in a word.
public enum StrokeSize: String, CaseIterable, Sendable {
  case small, medium, large

  /// The size of strokes over that of medium ones.
  public var factor: Double {
    switch self {
    case .small: 0.7
    case .medium: 1
    case .large: 1.4
    }
  }
}
