import ArgumentParser
import Networks

/// The option for the size of the strokes.
package struct StrokeOptions: ParsableArguments {
  /// The size of the strokes; nil for the size that the model has learned.
  @Option(
    help: ArgumentHelp(
      "The size of the strokes relative to the picture: \(Strokes.choices) of the canvas. Fewer lines mean larger strokes. "
        + "(default: medium)",
      valueName: "size"),
    transform: { text in
      do { return try Strokes(text) } catch { throw ValidationError("expected \(Strokes.choices)") }
    })
  package var strokeSize: Strokes?

  /// Creates the options with their default values.
  package init() {}
}
