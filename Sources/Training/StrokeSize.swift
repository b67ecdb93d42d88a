import Networks

/// The effect of the stroke size on training: the size at which the painting is learned.
extension StrokeSize {
  /// The canvas lines assumed for networks without a canvas.
  package static let usualCanvasLines = 256
  /// The minimum width at which a stroke is visible, in pixels.
  private static let minimumWidth = 2.0
  /// The maximum enlargement of fine strokes. A larger painting would show too little of itself in the extractor's
  /// receptive field.
  private static let maximumEnlargement = 2.0
  /// Patterns wider than this share of the painting repeat too rarely to be enlarged.
  private static let coarseWidth = 1 / 3.0

  /// Returns the short side of the painting for the extractor, in pixels.
  ///
  /// It is `canvasLines · factor`, with two exceptions. If strokes would be narrower than 2 pixels (1.4 pixels for
  /// small strokes), it is larger, but at most twice the canvas and not more than the scan. If a stroke is wider than a
  /// third of the painting, it is at most `canvasLines`.
  ///
  /// - Parameters:
  ///   - canvasLines: The lines of the network's canvas.
  ///   - strokeWidth: The width of the painting's strokes, as a share of its short side. See ``StrokeWidth``.
  ///   - scanLines: The short side of the scan, in pixels.
  package func lines(canvasLines: Int = usualCanvasLines, strokeWidth: Double, scanLines: Int) -> Int {
    let canvas = Double(canvasLines)
    let wanted = canvas * factor
    if strokeWidth > Self.coarseWidth { return Int(min(wanted, canvas).rounded()) }
    let share = min(factor, 1)
    let visible = share * min(Self.minimumWidth / max(strokeWidth, 1e-6), Self.maximumEnlargement * canvas)
    return Int(max(wanted, min(visible, Double(scanLines))).rounded())
  }
}
