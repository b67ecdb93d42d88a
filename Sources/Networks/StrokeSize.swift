/// A size of strokes.
public enum StrokeSize: String, CaseIterable, Sendable {
  case small, medium, large

  /// The size relative to medium strokes.
  public var factor: Double {
    switch self {
    case .small: 0.7
    case .medium: 1
    case .large: 1.4
    }
  }
}
