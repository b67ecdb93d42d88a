import Files
import Foundation
import Networks
import SwiftProtobuf

/// Writes style models as ONNX files that paint a picture of any size.
///
/// The graph takes `frame` and gives `stylized`, both float32 `[1, 3, H, W]`, RGB 0…255. All that an engine does from
/// picture to picture is in it: extension to whole multiples, or canvas, draft, sharpening, enlargement and revision.
public struct ONNXExport {
  /// The version of the operators.
  public static let opset = 17
  /// The version of the file format that belongs to ``opset``.
  static let irVersion = 8

  /// The operators that compute instance norms. Runtimes differ in those for which they have a fast kernel.
  public enum NormForm: String, CaseIterable, Sendable {
    /// `InstanceNormalization`.
    case instance
    /// `LayerNormalization` over the pixels of a channel, then its scale and bias.
    case layer
    /// `ReduceMean`, `Sub`, `Mul`, `ReduceMean`, `Sqrt`, `Div`, then scale and bias.
    case moments
  }

  /// The operators that enlarge the draft in graphs for one size.
  public enum EnlargementForm: String, CaseIterable, Sendable {
    /// `Resize`.
    case resize
    /// `MatMul` of windows of the canvas and the weights between them, along each axis.
    case product
  }

  /// The choices of an export.
  public struct Options: Sendable {
    /// The size of the pictures; nil for any.
    public var size: (width: Int, height: Int)?
    /// The form of instance norms.
    public var norm = NormForm.instance
    /// The form of enlargement. Only graphs for one size with even extents have a choice.
    public var enlargement = EnlargementForm.resize
    /// Whether the result is clamped to 0…255.
    public var clamps = true

    /// Creates the default choices.
    public init() {}
  }

  /// The keys of the metadata besides those of the style model.
  package enum MetadataKey {
    /// The network whose parameters the initializers are, as JSON.
    package static let network = "impasto_network"
    /// The works that the style was made from, as JSON.
    package static let credits = "credits"
    /// Their licences in a sentence.
    package static let licence = "licence"
  }

  /// Returns the bytes of an ONNX file of `model`.
  ///
  /// - Parameter credits: The works that the style was made from.
  /// - Throws: ``ONNXError/unsupportedSize(width:height:)``, or `ModelError` if the nodes do not fit together.
  package static func bytes(
    of model: StyleModel, credits: StyleCredits? = nil, options: Options = Options()
  ) throws -> Data {
    if let (width, height) = options.size {
      guard (16...65536).contains(width), (16...65536).contains(height) else {
        throw ONNXError.unsupportedSize(width: width, height: height)
      }
    }
    var file = Onnx_ModelProto()
    file.irVersion = Int64(irVersion)
    var opset = Onnx_OperatorSetIdProto()
    opset.version = Int64(Self.opset)
    file.opsetImport = [opset]
    file.producerName = "convert-style"
    let folded = model.folded()
    var network = try NetworkGraph(folded, options: options)
    file.graph = network.build(name: model.style.isEmpty ? "style" : model.style)
    let licence = credits.map(\.sentence)
    file.docString = "A style that paints pictures." + (licence.map { " \($0)" } ?? "")
    var metadata = model.metadata
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    metadata[MetadataKey.network] = String(decoding: try encoder.encode(folded.definition), as: UTF8.self)
    if let credits { metadata[MetadataKey.credits] = String(decoding: try encoder.encode(credits), as: UTF8.self) }
    if let licence { metadata[MetadataKey.licence] = licence }
    file.metadataProps = metadata.sorted { $0.key < $1.key }.map { key, value in
      var entry = Onnx_StringStringEntryProto()
      entry.key = key
      entry.value = value
      return entry
    }
    return try file.serializedBytes()
  }

  /// Writes `model` to `path`. The file appears only when it is complete.
  ///
  /// - Throws: `FileError` if the file cannot be written, and the errors of `bytes(of:credits:options:)`.
  package static func write(
    _ model: StyleModel, credits: StyleCredits? = nil, options: Options = Options(), to path: String
  ) throws {
    let bytes = try bytes(of: model, credits: credits, options: options)
    let file = try AtomicFile(path: path)
    try file.write([UInt8](bytes))
    try file.commit()
  }
}

extension StyleCredits {
  /// The works and their licences in one sentence.
  var sentence: String {
    var parts: [String] = []
    if let painting {
      parts.append("\(painting.title) (\(painting.year)) by \(painting.painter): \(painting.licence)")
    }
    if let picture { parts.append("\(picture.work) by \(picture.holder): \(picture.licence)") }
    if let photos { parts.append("photos from \(photos.source)" + (photos.licence.map { ": \($0)" } ?? "")) }
    return "Made from \(parts.joined(separator: "; "))."
  }
}
