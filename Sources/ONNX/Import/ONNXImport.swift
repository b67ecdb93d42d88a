import Foundation
import Networks
import SwiftProtobuf
import Tensors

/// Reads style models from ONNX files.
///
/// Networks of Johnson's family from any exporter are read node by node, and files of ``ONNXExport`` exactly.
public struct ONNXImport {
  /// The order of the colours in the picture that a file's network reads and paints.
  public enum ColourOrder: String, CaseIterable, Sendable {
    case rgb, bgr
  }

  /// The range of the numbers of black and white.
  public enum PictureRange: String, CaseIterable, Sendable {
    /// 0…255.
    case bytes = "0-255"
    /// 0…1.
    case unit = "0-1"
    /// −1…1.
    case signed = "-1-1"

    /// The number of black.
    var lowest: Float { self == .signed ? -1 : 0 }
    /// The number of white.
    var highest: Float { self == .bytes ? 255 : 1 }
  }

  /// The choices of an import.
  public struct Options: Sendable {
    /// The order of the colours.
    public var colours = ColourOrder.rgb
    /// The range of the input; nil for that of the output.
    public var inputRange: PictureRange?
    /// The range of the output; nil for what the last operators say: `Tanh` gives −1…1, `Sigmoid` 0…1, `Clip` its
    /// own, arithmetic after them another; 0…255 for all others.
    public var outputRange: PictureRange?
    /// The numbers of inputs besides the picture, by name. Those that are missing at the end are zeros.
    public var inputs: [String: [Float]] = [:]
    /// The style's name; nil for that in the file, or else that of the file.
    public var style: String?

    /// Creates the default choices.
    public init() {}
  }

  /// A model and how its file was understood.
  public struct Result: Sendable {
    /// The model.
    public let model: StyleModel
    /// The range of the file's input.
    public let inputRange: PictureRange
    /// The range of the file's output.
    public let outputRange: PictureRange
  }

  /// The largest file in bytes, and the known versions of the operators.
  private static let (maximumBytes, opsets) = (1 << 30, 7...25)
  /// The sizes with which graphs of any size are read. If both do not give the same network, it depends on the size.
  private static let sizes = [(height: 256, width: 384), (height: 320, width: 512)]

  /// Reads the file at `path`.
  ///
  /// - Throws: ``ONNXError`` that names the first node that is not supported, `ModelError` if the nodes do not fit
  ///   together.
  public static func read(path: String, options: Options = Options()) throws -> Result {
    let url = URL(fileURLWithPath: path)
    let data: Data
    do {
      let size = try url.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
      guard size <= maximumBytes else {
        throw ONNXError.unreadable(
          file: path, reason: "it has \(size >> 20) MB, expected at most \(maximumBytes >> 20)")
      }
      data = try Data(contentsOf: url)
    } catch let error as ONNXError {
      throw error
    } catch {
      throw ONNXError.unreadable(file: path, reason: error.localizedDescription)
    }
    let name = url.deletingPathExtension().lastPathComponent
    return try read(data, file: path, name: name, options: options)
  }

  /// Reads the bytes of a file, which is called `file` in errors and gives a style the name `name`.
  package static func read(_ data: Data, file: String, name: String, options: Options = Options()) throws -> Result {
    let proto: Onnx_ModelProto
    do {
      proto = try Onnx_ModelProto(serializedBytes: data)
    } catch {
      throw ONNXError.malformed(file: file, reason: "its messages cannot be decoded")
    }
    guard proto.hasGraph, !proto.graph.node.isEmpty else {
      throw ONNXError.malformed(file: file, reason: "it has no graph with nodes")
    }
    let opset = proto.opsetImport.first { ["", "ai.onnx"].contains($0.domain) }?.version ?? 0
    guard opsets.contains(Int(clamping: opset)) else {
      throw ONNXError.malformed(
        file: file,
        reason: "its operators have version \(opset), expected \(opsets.lowerBound) to \(opsets.upperBound)")
    }
    var metadata = Dictionary(proto.metadataProps.map { ($0.key, $0.value) }) { first, _ in first }
    let network = metadata.removeValue(forKey: ONNXExport.MetadataKey.network)
    let style = options.style ?? metadata[StyleModel.MetadataKey.style] ?? name
    if let network {
      let (definition, parameters) = try OwnFile.read(network, proto.graph, file: file)
      return Result(
        model: StyleModel(definition: definition, parameters: parameters, style: style, metadata: metadata),
        inputRange: .bytes, outputRange: .bytes)
    }
    if !proto.producerName.isEmpty {
      metadata["onnx_producer"] = "\(proto.producerName) \(proto.producerVersion)".trimmingCharacters(in: .whitespaces)
    }
    if !proto.docString.isEmpty { metadata["onnx_description"] = proto.docString }
    return try foreign(
      proto.graph, opset: Int(clamping: opset), file: file, style: style, metadata: metadata, options: options)
  }

  private static func foreign(
    _ graph: Onnx_GraphProto, opset: Int, file: String, style: String, metadata: [String: String], options: Options
  ) throws -> Result {
    let interface = try GraphInterface(graph, numbers: options.inputs, file: file)
    let sizes = interface.size.map { [$0] } ?? Self.sizes
    var found: (assembly: ImportedGraph, definition: NetworkDefinition, parameters: [String: Tensor])?
    for size in sizes {
      let imported = try ImportedGraph(
        graph, interface, opset: opset, height: size.height, width: size.width, file: file, options: options)
      let (definition, parameters) = imported.network(name: style)
      try definition.check()
      let isSame = { (other: [String: Tensor]) in
        other.allSatisfy { $1.elements == parameters[$0]?.elements }
      }
      if let other = found, other.definition != definition || !isSame(other.parameters) {
        throw ONNXError.unsupportedGraph(file: file, reason: "its layers depend on the size of the picture")
      }
      found = (imported, definition, parameters)
    }
    guard let (imported, definition, parameters) = found else {
      throw ONNXError.unsupportedGraph(file: file, reason: "it has no picture")
    }
    for parameter in definition.parameters {
      guard let tensor = parameters[parameter.name] else {
        throw ModelError.missingParameter(file: file, name: parameter.name, shape: parameter.shape)
      }
      guard tensor.buffer.allSatisfy(\.isFinite) else {
        throw ModelError.nonFiniteParameter(file: file, name: parameter.name)
      }
    }
    return Result(
      model: StyleModel(definition: definition, parameters: parameters, style: style, metadata: metadata),
      inputRange: imported.inputRange, outputRange: imported.outputRange)
  }
}
