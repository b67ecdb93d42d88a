import ArgumentParser
import Console
import Imaging
import Logging
import Networks
import Streaming
import Threading

/// The command `stylize-image`.
struct StylizeImage: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stylize-image",
    abstract: "Paints a picture in the style of a painting.",
    discussion: """
      The output has the size of the input and is rotated according to its EXIF data. Transparency is preserved if the \
      output format supports it. The output file appears only when it is complete.
      """,
    version: Program.version)

  @OptionGroup
  var painting: PaintingOptions

  @Argument(help: "The picture to read, in any format that FFmpeg's libraries support: PNG, JPEG, WebP ...")
  var input: String

  @Argument(
    help:
      "The picture to write. The extension determines the format: \(PictureFormat.allExtensions.joined(separator: ", "))."
  )
  var output: String

  @Option(
    help: ArgumentHelp(
      "The size at which to paint, or its shorter side. A smaller size gives coarser strokes. "
        + "The output keeps the size of the input. (default: the size of the input)", valueName: "WxH|N"),
    transform: StylizeImage.workSize)
  var size: PictureStylization.WorkSize?

  @OptionGroup
  var strokes: StrokeOptions

  @Flag(help: "Do not report progress.")
  var quiet = false

  func run() throws {
    try InputPath.checkFile(input)
    let styleFile = try Installation().styleFile(painting.style)
    let target = try OutputPath.resolve(output, inputs: [input, styleFile])
    guard let format = PictureFormat(path: output) else { throw PictureError.unknownFormat(path: output) }
    let model = try StyleModel.load(path: styleFile)

    _ = try model.definition.canvasLines(chosen: strokes.strokeSize, style: painting.style)

    let start = ContinuousClock.now
    let picture = try PictureFile.read(input)
    let stylization = PictureStylization(
      workSize: size ?? .original, strokes: strokes.strokeSize, strength: Float(painting.strength),
      preservesColors: painting.preserveColors)
    let workSize = stylization.size(for: picture)
    let canvas = model.definition.canvasExtents(
      for: strokes.strokeSize ?? .medium, height: workSize.height, width: workSize.width
    ).map { "\($0.width)x\($0.height)" }
    if !quiet {
      let place = canvas.map { " on a canvas of \($0)" } ?? ""
      ConsoleOutput.standardError.showStatus("Stylizing \(input) at \(workSize.width)x\(workSize.height)\(place) ...")
    }
    let result = try stylization.run(picture, model: model, pool: ComputePool(threads: painting.threads))
    if result.alpha != nil, !format.hasAlpha {
      Logger(label: "stylize-image").warning(
        "\(output): the format has no transparency; transparent areas become white")
    }
    // The remaining steps take milliseconds. Ignore Ctrl-C, so that it does not leave a partial file.
    let bytes = try PictureFile.encode(result, as: format, for: output)
    _ = InterruptFlag.install()
    try PictureFile.write(bytes, to: target)
    ConsoleOutput.standardError.clearStatus()
    if painting.json {
      try JSONLine.print(
        Report(
          seconds: (ContinuousClock.now - start).seconds, peakMemoryMB: PeakMemory.megabytes, width: result.width,
          height: result.height, workWidth: workSize.width, workHeight: workSize.height, canvas: canvas,
          style: model.style,
          network: model.definition.title))
    }
  }

  /// Parses `640x360` or `360`.
  @Sendable static func workSize(_ text: String) throws -> PictureStylization.WorkSize {
    if let side = Int(text), (1...FrameSize.maximumExtent).contains(side) { return .shortSide(side) }
    guard let size = try? FrameSize.parse(text) else {
      throw ValidationError(
        "expected WxH or one number, such as 640x360 or 360, each from 1 to \(FrameSize.maximumExtent)")
    }
    return .exact(width: size.width, height: size.height)
  }

  /// The report that `--json` prints.
  private struct Report: Encodable {
    /// Seconds from reading the input to the complete output.
    var seconds: Double
    var peakMemoryMB: Double
    var width: Int
    var height: Int
    var workWidth: Int
    var workHeight: Int
    /// The size of the canvas; nil if there is none.
    var canvas: String?
    var style: String
    var network: String
  }
}
