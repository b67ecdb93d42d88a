import ArgumentParser
import Networks

/// The option of the programs that paint, to choose how large the strokes are.
public struct StrokeOptions: ParsableArguments {
  /// What was chosen; nil for the strokes that the model has learned.
  @Option(
    help: ArgumentHelp(
      "How large the strokes are beside the picture: \(Strokes.choices) of the canvas; the fewer, the larger. (default: medium)",
      valueName: "size"),
    transform: { text in
      do { return try Strokes(text) } catch { throw ValidationError("expected \(Strokes.choices)") }
    })
  public var strokeSize: Strokes?

  /// The options' defaults.
  public init() {}
}
