import ArgumentParser
import Console
import Imaging
import Inference
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

  @OptionGroup(title: "Masks")
  var masks: MaskOptions

  @Option(
    help: ArgumentHelp(
      "The colour behind transparent parts if the output format stores no transparency, such as black or #ff8000.",
      valueName: "colour"),
    transform: StylizeImage.colour)
  var background = BackgroundColor(red: 255, green: 255, blue: 255)

  @Flag(
    help: """
      Write a contact sheet: the picture in every installed style, with the names. Each is painted at --size, by default \
      with a shorter side of \(StylizeImage.sheetSide) pixels.
      """)
  var allStyles = false

  @Flag(help: "Do not report progress.")
  var quiet = false

  func run() throws {
    try InputPath.checkFile(input)
    if case .file(let name) = mask?.origin, !name.contains("%") { try InputPath.checkFile(name) }
    let files = allStyles ? [] : try painting.style.parts.map { try Installation().styleFile($0.name) }
    let outsideFiles = try masks.outsideStyle?.parts.map { try Installation().styleFile($0.name) } ?? []
    let target = try OutputPath.resolve(
      output, inputs: [input] + files + outsideFiles + (masks.mask.map { [$0] } ?? []))
    guard let format = PictureFormat(path: output) else { throw PictureError.unknownFormat(path: output) }
    if allStyles { return try writeSheet(format, to: target) }
    let models = try files.map { try StyleModel.load(path: $0) }
    let styles = try styles(painting.style, models)

    let start = ContinuousClock.now
    let stored = try PictureFile.open(input)
    var stylization = stylization
    stylization.outside = try outsideStyles()
    let (width, height) = stored.displaySize
    let workSize = stylization.size(width: width, height: height)
    let canvases = models.compactMap {
      $0.definition.canvasExtents(
        for: strokes.strokeSize ?? .medium, height: workSize.height, width: workSize.width)
    }
    let canvas = canvases.max { $0.height < $1.height }.map { "\($0.width)x\($0.height)" }
    if !quiet {
      let place = canvas.map { " on a canvas of \($0)" } ?? ""
      ConsoleOutput.standardError.showStatus("Stylizing \(input) at \(workSize.width)x\(workSize.height)\(place) ...")
    }
    let bytes = try paint(stored, as: format, stylization, styles)
    // The remaining steps take milliseconds. Ignore Ctrl-C, so that it does not leave a partial file.
    _ = InterruptFlag.install()
    try PictureFile.write(bytes, to: target)
    ConsoleOutput.standardError.clearStatus()
    if painting.json {
      try JSONLine.print(
        Report(
          seconds: (ContinuousClock.now - start).seconds, peakMemoryMB: PeakMemory.megabytes, width: width,
          height: height, workWidth: workSize.width, workHeight: workSize.height, canvas: canvas,
          style: models.map(\.style).joined(separator: ","),
          network: models.map(\.definition.title).joined(separator: ","), mask: masks.report))
    }
  }

  /// What is to be done, but for the styles outside of a mask.
  var stylization: PictureStylization {
    var result = PictureStylization(
      workSize: size ?? .original, strokes: strokes.strokeSize, strength: Float(painting.strength),
      preservesColors: painting.preserveColors, background: background)
    result.mask = mask
    return result
  }

  /// The styles outside of the mask.
  func outsideStyles() throws -> [(style: NamedStyle, share: Double)] {
    guard let shares = masks.outsideStyle else { return [] }
    return try styles(shares, try shares.parts.map { try StyleModel.load(path: try Installation().styleFile($0.name)) })
  }

  /// Where to paint; nil for everywhere.
  private var mask: MaskSettings? {
    MaskSettings(
      file: masks.mask, luma: masks.maskLuma, usesAlpha: masks.maskAlpha, isInverted: masks.invertMask,
      feather: masks.maskFeather)
  }

  private func styles(_ shares: StyleShares, _ models: [StyleModel]) throws -> [(style: NamedStyle, share: Double)] {
    try zip(shares.parts, models).map { part, model in
      let style = NamedStyle(part.name, model: try PreparedModel(model))
      try style.check(strokes.strokeSize)
      return (style: style, share: part.share)
    }
  }

  /// Returns the encoded picture, and warns about what the format cannot hold.
  private func paint(
    _ stored: StoredPicture, as format: PictureFormat, _ stylization: PictureStylization,
    _ styles: [(style: NamedStyle, share: Double)]
  ) throws -> [UInt8] {
    let pool = ComputePool(threads: painting.threads)
    let metadata = stored.metadata
    let bytes: [UInt8]
    var isOpaque = stored.isOpaque || masks.maskAlpha
    if stored.isDeep || format.isSceneLinear {
      let frame = try stylization.run(stored, as: format, styles: styles, pool: pool)
      bytes = try PictureFile.encode(frame, as: format, metadata, for: output)
    } else {
      var result = try stylization.run(try stored.picture(), styles: styles, pool: pool)
      isOpaque = result.alpha == nil
      if !format.hasAlpha {
        result = result.flattened(red: background.red, green: background.green, blue: background.blue)
      }
      bytes = try PictureFile.encode(result, as: format, metadata, for: output)
    }
    let logger = Logger(label: "stylize-image")
    let (width, height) = stored.displaySize
    for note in try mask?.notes(width: width, height: height) ?? [] { logger.warning("\(note)") }
    for loss in format.losses(of: metadata, isOpaque: isOpaque, background: "the --background colour") {
      logger.warning("\(output): \(loss)")
    }
    return bytes
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

  /// Parses `white` or `#ff8000`.
  @Sendable static func colour(_ text: String) throws -> BackgroundColor {
    guard let colour = BackgroundColor(text) else {
      throw ValidationError("expected a colour, such as black or #ff8000")
    }
    return colour
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
    /// The names of a mixture have commas between them, here and in `network`.
    var style: String
    var network: String
    /// Where the picture is painted; nil for everywhere.
    var mask: MaskReport?
  }
}
