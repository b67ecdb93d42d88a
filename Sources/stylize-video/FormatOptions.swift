import ArgumentParser
import FFmpeg

/// What libav is told about input and output.
struct FormatOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The input's format, by FFmpeg's name: v4l2, x11grab, yuv4mpegpipe ... (default: what the content tells)",
      valueName: "name"))
  var inputFormat: String?

  @Option(
    help: ArgumentHelp("An option of the input's protocol, format or device; may be repeated.", valueName: "key=value"),
    transform: FormatOptions.parse)
  var inputOption: [Pair] = []

  @Option(
    help: ArgumentHelp(
      "The output's format, by FFmpeg's name. (default: what the extension or the URL tells; nut for '-')",
      valueName: "name"))
  var outputFormat: String?

  @Option(
    help: ArgumentHelp(
      "An option of the output's protocol, format or encoder; may be repeated.", valueName: "key=value"),
    transform: FormatOptions.parse)
  var outputOption: [Pair] = []

  struct Pair {
    var key: String
    var value: String
  }

  @Sendable static func parse(_ text: String) throws -> Pair {
    guard let mark = text.firstIndex(of: "="), mark > text.startIndex else {
      throw ValidationError("expected key=value")
    }
    return Pair(key: String(text[..<mark]), value: String(text[text.index(after: mark)...]))
  }

  func source(_ name: String) throws -> MediaSource {
    try MediaSource(name, format: inputFormat, options: Self.dictionary(inputOption))
  }

  func target(_ name: String) throws -> MediaTarget {
    try MediaTarget(name, format: outputFormat, options: Self.dictionary(outputOption))
  }

  /// Of equal keys the last one counts.
  private static func dictionary(_ pairs: [Pair]) -> [String: String] {
    Dictionary(pairs.map { ($0.key, $0.value) }) { $1 }
  }
}
