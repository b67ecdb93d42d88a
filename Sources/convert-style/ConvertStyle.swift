import ArgumentParser
import Console
import Foundation
import Logging
import Networks
import ONNX

/// The command `convert-style`.
struct ConvertStyle: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert-style",
    abstract: "Converts a style to ONNX, for other programs, or from ONNX, for these.",
    discussion: """
      The extensions decide the direction: NAME.safetensors to NAME.onnx, or back. An ONNX file paints a picture of any \
      size, from picture to picture: RGB, 0...255, float32 [1, 3, height, width]. Networks of other programs are read \
      if they go from picture to picture and consist of convolutions, norms, activations, sums and upsampling; an error \
      names the first node that does not fit.
      """,
    version: Program.version)

  @Argument(help: "The file to read: a style's name, a file .safetensors, or a file .onnx.")
  var input: String

  @Argument(help: "The file to write, .onnx or .safetensors.")
  var output: String

  @Option(
    help: ArgumentHelp("To ONNX: the size of pictures. (default: any)", valueName: "WxH"),
    transform: ConvertStyle.size)
  var size: Size?

  @Option(help: ArgumentHelp("To ONNX: the operators of instance norms, which runtimes compute at different speeds."))
  var norm: ONNXExport.NormForm = .instance

  @Option(help: ArgumentHelp("To ONNX with --size: the operators that enlarge the draft."))
  var enlargement: ONNXExport.EnlargementForm = .resize

  @Flag(help: "To ONNX: leave numbers beyond 0...255 as they are.")
  var unclamped = false

  @Option(help: "From ONNX: the order of colours in the pictures of the file.")
  var colours: ONNXImport.ColourOrder = .rgb

  // The range -1-1 begins with a hyphen, but is no option.
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "From ONNX: the numbers of black and white in the file's input. (default: those of its output)",
      valueName: "range"))
  var inputRange: ONNXImport.PictureRange?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "From ONNX: the numbers of black and white in the file's output. (default: -1-1 after Tanh, 0-1 after Sigmoid, "
        + "else 0-255)", valueName: "range"))
  var outputRange: ONNXImport.PictureRange?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "From ONNX: the numbers of an input besides the picture, such as the weights of several styles. Missing ones are "
        + "zeros.", valueName: "name=numbers"),
    transform: ConvertStyle.input)
  var inputs: [Input] = []

  @Option(help: "From ONNX: the style's name. (default: that in the file, or that of the file)")
  var style: String?

  @Flag(help: "Print a report as JSON to standard output.")
  var json = false

  /// The size of pictures.
  struct Size: Sendable {
    let width: Int
    let height: Int
  }

  /// The numbers of an input.
  struct Input: Sendable {
    let name: String
    let numbers: [Float]
  }

  private static let (onnx, safetensors) = (".onnx", ".safetensors")

  func validate() throws {
    let isExport = output.hasSuffix(Self.onnx)
    guard isExport != input.hasSuffix(Self.onnx), isExport || output.hasSuffix(Self.safetensors) else {
      throw ValidationError(
        "expected a style and a file .onnx, or a file .onnx and a file .safetensors; found '\(input)' and '\(output)'")
    }
    if isExport, colours != .rgb || inputRange != nil || outputRange != nil || style != nil || !inputs.isEmpty {
      throw ValidationError("--colours, --input-range, --output-range, --set and --style are for files from ONNX")
    }
    if !isExport, size != nil || norm != .instance || enlargement != .resize || unclamped {
      throw ValidationError("--size, --norm, --enlargement and --unclamped are for files to ONNX")
    }
  }

  func run() throws {
    if output.hasSuffix(Self.onnx) { try export() } else { try importStyle() }
  }

  private func export() throws {
    let file = try Installation().styleFile(input)
    try InputPath.checkFile(file)
    let target = try OutputPath.resolve(output, inputs: [file])
    let model = try StyleModel.load(path: file)
    let card = StyleFiles(model: file).card
    var credits: StyleCredits?
    if FileManager.default.fileExists(atPath: card) {
      // A card that is damaged says nothing about licences, which a user must know.
      do {
        credits = try JSONDecoder().decode(Card.self, from: Data(contentsOf: URL(fileURLWithPath: card))).credits
      } catch {
        Logger(label: "convert-style").warning("\(card): cannot be read, so the file has no credits")
      }
    }
    var options = ONNXExport.Options()
    options.size = size.map { ($0.width, $0.height) }
    (options.norm, options.enlargement, options.clamps) = (norm, enlargement, !unclamped)
    try ONNXExport.write(model, credits: credits, options: options, to: target)
    try report(model, nil)
  }

  private func importStyle() throws {
    try InputPath.checkFile(input)
    let target = try OutputPath.resolve(output, inputs: [input])
    var options = ONNXImport.Options()
    (options.colours, options.inputRange, options.outputRange) = (colours, inputRange, outputRange)
    options.style = style
    options.inputs = Dictionary(inputs.map { ($0.name, $0.numbers) }) { $1 }
    let result = try ONNXImport.read(path: input, options: options)
    try result.model.save(path: target)
    try report(result.model, result)
  }

  private func report(_ model: StyleModel, _ result: ONNXImport.Result?) throws {
    if json {
      try JSONLine.print(
        Report(
          style: model.style, network: model.definition.title, parameters: model.definition.parameterCount,
          opset: result == nil ? ONNXExport.opset : nil, inputRange: result?.inputRange.rawValue,
          outputRange: result?.outputRange.rawValue))
    } else if let result {
      ConsoleOutput.standardError.printLine(
        "\(output): reads pictures as \(colours.rawValue.uppercased()) \(result.inputRange.rawValue), paints "
          + "\(result.outputRange.rawValue)")
    }
  }

  /// The part of a card that is kept.
  private struct Card: Decodable {
    var credits: StyleCredits?
  }

  /// The report that `--json` prints.
  private struct Report: Encodable {
    var style: String
    var network: String
    var parameters: Int
    /// The version of ONNX's operators; absent for files from ONNX.
    var opset: Int?
    var inputRange: String?
    var outputRange: String?
  }

  /// Parses `style=0,1`.
  @Sendable static func input(_ text: String) throws -> Input {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let numbers = (parts.count == 2 ? parts[1].split(separator: ",") : []).map { Float($0) }
    guard let name = parts.first, !name.isEmpty, !numbers.isEmpty, numbers.allSatisfy({ $0?.isFinite == true }) else {
      throw ValidationError("expected a name and numbers, such as style=0,1")
    }
    return Input(name: String(name), numbers: numbers.compactMap { $0 })
  }

  /// Parses `640x360`.
  @Sendable static func size(_ text: String) throws -> Size {
    let numbers = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 2, let width = numbers[0], let height = numbers[1] else {
      throw ValidationError("expected WxH, such as 1280x720")
    }
    return Size(width: width, height: height)
  }
}

extension ONNXExport.NormForm: ExpressibleByArgument {}
extension ONNXExport.EnlargementForm: ExpressibleByArgument {}
extension ONNXImport.ColourOrder: ExpressibleByArgument {}
extension ONNXImport.PictureRange: ExpressibleByArgument {}
