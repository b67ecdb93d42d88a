import Safetensors
import Tensors

/// A network together with the parameters that paint one style.
///
/// On disk it is a safetensors file whose metadata name the network, the style and how it was trained.
public struct StyleModel: Sendable {
  /// The version of the metadata that this code writes and reads.
  public static let formatVersion = "1"

  /// The architecture.
  public let definition: NetworkDefinition
  /// Every parameter of ``definition`` by name, convolution weights as `[O, I, k, k]`.
  public let parameters: [String: Tensor]
  /// What the file says about itself; see ``MetadataKey``.
  public let metadata: [String: String]

  /// The metadata's names. Values are plain text; numbers are written as Swift prints them.
  public enum MetadataKey {
    /// ``StyleModel/formatVersion``.
    public static let formatVersion = "format_version"
    /// ``NetworkDefinition/name``.
    public static let network = "network"
    /// ``NetworkDefinition/width``.
    public static let width = "width"
    /// The style's name.
    public static let style = "style"
  }

  /// A model in memory; the caller vouches that `parameters` are those of `definition`.
  public init(
    definition: NetworkDefinition, parameters: [String: Tensor], style: String, metadata: [String: String] = [:]
  ) {
    self.definition = definition
    self.parameters = parameters
    var metadata = metadata
    metadata[MetadataKey.formatVersion] = Self.formatVersion
    metadata[MetadataKey.network] = definition.name
    metadata[MetadataKey.width] = String(definition.width)
    metadata[MetadataKey.style] = style
    self.metadata = metadata
  }

  /// The style's name.
  public var style: String { metadata[MetadataKey.style] ?? "" }

  /// Reads the model file at `path`.
  ///
  /// Throws `SafetensorsError` for a damaged file and ``ModelError`` where the contents are not those of the network that the
  /// metadata name: each parameter must be there with its shape, no other tensor may be, and all values must be finite.
  public static func load(path: String) throws -> StyleModel {
    let (reader, definition) = try open(path)
    var parameters: [String: Tensor] = [:]
    for specification in definition.parameters {
      let tensor = try reader.tensor(specification.name)
      guard tensor.buffer.allSatisfy(\.isFinite) else {
        throw ModelError.nonFiniteParameter(file: path, name: specification.name)
      }
      if specification.name.hasSuffix(".running_var"), tensor.buffer.contains(where: { $0 < 0 }) {
        throw ModelError.negativeVariance(file: path, name: specification.name)
      }
      parameters[specification.name] = tensor
    }
    return StyleModel(
      definition: definition, parameters: parameters, style: reader.metadata[MetadataKey.style] ?? "",
      metadata: reader.metadata)
  }

  /// The network of the model file at `path`, out of its header alone; throws what ``load(path:)`` throws, as far as the header
  /// tells.
  public static func definition(ofFile path: String) throws -> NetworkDefinition { try open(path).definition }

  /// Opens a file and checks all but the parameters' values.
  private static func open(_ path: String) throws -> (reader: SafetensorsReader, definition: NetworkDefinition) {
    let reader = try SafetensorsReader(path: path)
    let metadata = reader.metadata
    guard let version = metadata[MetadataKey.formatVersion], let network = metadata[MetadataKey.network] else {
      throw ModelError.foreignFile(
        file: path, found: "no metadata '\(MetadataKey.formatVersion)' and '\(MetadataKey.network)'",
        expected: "both, as train-style writes them")
    }
    guard version == formatVersion else {
      throw ModelError.foreignFile(file: path, found: "format version \(version)", expected: "version \(formatVersion)")
    }
    let widthText = metadata[MetadataKey.width] ?? "1.0"
    guard let width = Double(widthText) else {
      throw ModelError.foreignFile(file: path, found: "network width '\(widthText)'", expected: "a number")
    }
    guard let definition = try? NetworkDefinition.named(network, width: width) else {
      throw ModelError.foreignFile(
        file: path, found: "network '\(network)' of width \(widthText)",
        expected: "\(NetworkDefinition.names.joined(separator: " or ")) or a network's description, 0.125 to 4 wide")
    }
    let expected = definition.parameters
    for specification in expected {
      guard let entry = reader.file.tensors[specification.name] else {
        throw ModelError.missingParameter(file: path, name: specification.name, shape: specification.shape)
      }
      guard entry.shape.dimensions == specification.shape else {
        throw ModelError.wrongShape(
          file: path, name: specification.name, found: entry.shape.dimensions, expected: specification.shape)
      }
    }
    let names = Set(expected.map(\.name))
    if let stranger = reader.entries.first(where: { !names.contains($0.name) }) {
      throw ModelError.unknownParameter(file: path, name: stranger.name, network: network)
    }
    return (reader, definition)
  }

  /// Writes the model file at `path`, whole or not at all, the convolutions' weights stored as `weights` says.
  ///
  /// With `.float16` the file gives back ``inHalfPrecision``, which must not be nil then.
  public func save(path: String, weights: SafetensorsWriter.Storage = .float32) throws {
    try SafetensorsWriter.write(
      tensors: parameters.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, metadata: metadata, to: path,
      storage: Dictionary(uniqueKeysWithValues: convolutionWeights.map { ($0, weights) }))
  }
}
