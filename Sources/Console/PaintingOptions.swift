import ArgumentParser

/// The options of the programs that paint one input, `stylize-video` and `stylize-image`.
///
/// Declare this group before a command's arguments: `--list-styles` then ends parsing before missing arguments are
/// reported.
package struct PaintingOptions: ParsableArguments {
  /// The styles to paint with.
  @Option(
    help: ArgumentHelp(
      "The style: a name from the models folder or a model file. Several with shares are mixed, such as starry:0.6,wave:0.4.",
      valueName: "style"))
  package var style = StyleShares(Installation.defaultStyle)

  @Flag(
    help: "List the installed styles with network, size and file, then exit.")
  var listStyles = false

  /// The share of the painted picture, from 0 (only the source) to 1.
  @Option(
    help: "The share of the painted picture, from 0 (only the source) to 1.",
    transform: ArgumentValues.number(in: 0...1))
  package var strength = 1.0

  /// Whether to keep the source's colours and paint only the brightness.
  @Flag(help: "Keep the source's colours and paint only the brightness.")
  package var preserveColors = false

  /// The number of compute threads; nil for one per processor.
  @Option(
    help: "The number of compute threads. (default: one per processor)",
    transform: ArgumentValues.integer(in: 1...256))
  package var threads: Int?

  /// Whether to print one JSON object on standard output at the end.
  @Flag(help: "Print one JSON object on standard output at the end.")
  package var json = false

  /// Creates the options with their default values.
  package init() {}

  /// Ends parsing with the list of styles if it was requested.
  ///
  /// - Throws: `CleanExit` with the list.
  package func validate() throws {
    guard listStyles else { return }
    let list = StyleList(Installation())
    throw CleanExit.message(json ? try JSONLine.text(of: list) : list.text)
  }
}
