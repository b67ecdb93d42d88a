import ArgumentParser
import FFmpeg
import Streaming

/// The options for the samples of the output.
struct PixelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The pixel format, by FFmpeg's name, such as yuv420p or yuv422p10le. (default: the encoder's nearest to the input's)",
      valueName: "name"),
    transform: PixelOptions.parseFormat)
  var pixelFormat: PixelFormat?

  @Option(
    help: ArgumentHelp(
      "The colour behind transparent frames if the encoder stores no transparency, such as white or #ff8000.",
      valueName: "colour"),
    transform: PixelOptions.parseColour)
  var background = BackgroundColor.black

  @Flag(help: "Convert HDR video (PQ and HLG) to BT.709.")
  var sdr = false

  @Sendable static func parseFormat(_ text: String) throws -> PixelFormat {
    guard let format = PixelFormat(named: text) else {
      throw ValidationError("expected the name of a pixel format, such as yuv420p or yuv422p10le")
    }
    return format
  }

  @Sendable static func parseColour(_ text: String) throws -> BackgroundColor {
    guard let color = BackgroundColor(text) else {
      throw ValidationError("expected a colour, such as white or #ff8000")
    }
    return color
  }
}
