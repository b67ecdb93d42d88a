import ArgumentParser
import Console
import FFmpeg

/// Format options that are passed on to libav.
struct FormatOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The input's format, by FFmpeg's name: v4l2, x11grab, yuv4mpegpipe ... (default: detected from the content)",
      valueName: "name"))
  var inputFormat: String?

  @Option(
    help: ArgumentHelp("An option of the input's protocol, format or device. Can be repeated.", valueName: "key=value"),
    transform: KeyValue.parse)
  var inputOption: [KeyValue] = []

  @Option(
    help: ArgumentHelp(
      "Close steps of the clock that are longer than this, as where recordings were joined, in live sources and formats such as MPEG-TS and VOB.",
      valueName: "seconds"),
    transform: ArgumentValues.number(in: 0.1...1e6))
  var dtsDeltaThreshold = 10.0

  @Option(
    help: ArgumentHelp(
      "The output's format, by FFmpeg's name. (default: from the extension or the URL; nut for '-')",
      valueName: "name"))
  var outputFormat: String?

  @Option(
    help: ArgumentHelp(
      "An option of the output's protocol, format or encoder. Can be repeated.", valueName: "key=value"),
    transform: KeyValue.parse)
  var outputOption: [KeyValue] = []

  func source(_ name: String) throws -> MediaSource {
    var source = try MediaSource(name, format: inputFormat, options: KeyValue.dictionary(inputOption))
    source.dtsDeltaThreshold = dtsDeltaThreshold
    return source
  }

  func target(_ name: String) throws -> MediaTarget {
    try MediaTarget(name, format: outputFormat, options: KeyValue.dictionary(outputOption))
  }
}
