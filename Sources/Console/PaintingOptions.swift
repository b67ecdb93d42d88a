import ArgumentParser

/// The options of the programs that paint one input, `stylize-video` and `stylize-image`.
///
/// The group must stand in front of a command's arguments: `--list-styles` ends the parsing before it finds them missing.
public struct PaintingOptions: ParsableArguments {
  /// A style's name or a model file, for ``Installation/styleFile(_:)``.
  @Option(help: "The style: a name from the models folder, or a model file.")
  public var style = Installation.defaultStyle

  @Flag(
    help:
      "Print the styles that are there, each with its network, size and file, and do nothing else.")
  var listStyles = false

  /// The share of the repainted picture, from 0 (the source) to 1.
  @Option(
    help: "The share of the repainted picture, from 0 (the source) to 1.",
    transform: ArgumentValues.number(in: 0...1))
  public var strength = 1.0

  /// Whether the source's colours stay and only the brightness is repainted.
  @Flag(help: "Keep the source's colours and repaint only the brightness.")
  public var preserveColors = false

  /// Threads that compute; nil for one for each processor.
  @Option(
    help: "Threads that compute. (default: one for each processor)",
    transform: ArgumentValues.integer(in: 1...256))
  public var threads: Int?

  /// Whether one JSON object goes to standard output at the end.
  @Flag(help: "Print one JSON object on standard output at the end.")
  public var json = false

  /// The options' defaults.
  public init() {}

  /// Throws the list of styles as a `CleanExit` where it was asked for: then nothing else is to be done.
  public func validate() throws {
    guard listStyles else { return }
    let list = StyleList(Installation())
    throw CleanExit.message(json ? try JSONLine.text(of: list) : list.text)
  }
}
