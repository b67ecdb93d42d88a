import Networks

/// The size of strokes as a training takes it: how large the painting is shown.
extension StrokeSize {
  /// The lines of a canvas for networks that have none of their own.
  public static let usualCanvasLines = 256
  /// The width of a stroke below which a canvas does not show it as one, in pixels.
  private static let leastWidth = 2.0
  /// The largest enlargement of fine strokes: what is larger shows too little of the painting.
  private static let largestEnlargement = 2.0
  /// Patterns of more than this share of the painting fit in too few times to be enlarged.
  private static let coarseWidth = 1 / 3.0

  /// The lines at which a painting is shown to the extractor, on its short side, for a network that paints on a canvas of `canvasLines`.
  ///
  /// `canvasLines · factor`; more where strokes of `strokeWidth` (a share of the short side, see ``StrokeWidth``) would be finer than 2 pixels,
  /// or 1.4 for small ones, at most twice as many and not more than the scan has; no more than `canvasLines` where a stroke is more than a third
  /// of the painting.
  public func lines(canvasLines: Int = usualCanvasLines, strokeWidth: Double, scanLines: Int) -> Int {
    let canvas = Double(canvasLines)
    let wanted = canvas * factor
    if strokeWidth > Self.coarseWidth { return Int(min(wanted, canvas).rounded()) }
    let share = min(factor, 1)
    let visible = share * min(Self.leastWidth / max(strokeWidth, 1e-6), Self.largestEnlargement * canvas)
    return Int(max(wanted, min(visible, Double(scanLines))).rounded())
  }
}
