import ArgumentParser
import Console
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
    transform: KeyValue.parse)
  var inputOption: [KeyValue] = []

  @Option(
    help: ArgumentHelp(
      "The output's format, by FFmpeg's name. (default: what the extension or the URL tells; nut for '-')",
      valueName: "name"))
  var outputFormat: String?

  @Option(
    help: ArgumentHelp(
      "An option of the output's protocol, format or encoder; may be repeated.", valueName: "key=value"),
    transform: KeyValue.parse)
  var outputOption: [KeyValue] = []

  func source(_ name: String) throws -> MediaSource {
    try MediaSource(name, format: inputFormat, options: KeyValue.dictionary(inputOption))
  }

  func target(_ name: String) throws -> MediaTarget {
    try MediaTarget(name, format: outputFormat, options: KeyValue.dictionary(outputOption))
  }
}
