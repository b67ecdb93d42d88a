import Safetensors
import Tensors

/// A network together with the parameters that paint one style.
///
/// On disk it is a safetensors file whose metadata hold the network's nodes, the style's name and how it was trained.
public struct StyleModel: Sendable {
  /// The version of the metadata that this code writes and reads.
  public static let formatVersion = "2"

  /// The architecture.
  public let definition: NetworkDefinition
  /// Every parameter of ``definition`` by name, convolution weights as `[O, I, k, k]`.
  public let parameters: [String: Tensor]
  /// What the file says about itself besides its network; see ``MetadataKey``.
  public let metadata: [String: String]

  /// The metadata's names. Values are plain text; numbers are written as Swift prints them.
  public enum MetadataKey {
    /// ``StyleModel/formatVersion``.
    public static let formatVersion = "format_version"
    /// The ``NetworkDefinition`` as JSON.
    public static let network = "network"
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
    // Written with the file, out of the definition.
    metadata[MetadataKey.network] = nil
    metadata[MetadataKey.style] = style
    self.metadata = metadata
  }

  /// The style's name.
  public var style: String { metadata[MetadataKey.style] ?? "" }

  /// Reads the model file at `path`.
  ///
  /// The network is checked before anything is allocated for it. A file of format version 1, which holds a network's description in place
  /// of its nodes, is read as well.
  ///
  /// - Throws: `SafetensorsError` for a damaged file and ``ModelError`` where the metadata hold no network whose nodes fit together or the
  ///   tensors are not its parameters: each must be there with its shape, no other tensor may be, and all values must be finite.
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
    let definition = try StyleModelNetwork.read(reader.metadata, file: path)
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
      throw ModelError.unknownParameter(file: path, name: stranger.name, network: definition.title)
    }
    return (reader, definition)
  }

  /// Writes the model file at `path`, whole or not at all, the convolutions' weights stored as `weights` says.
  ///
  /// With `.float16` the file gives back ``inHalfPrecision``, which must not be nil then.
  public func save(path: String, weights: SafetensorsWriter.Storage = .float32) throws {
    var metadata = metadata
    metadata[MetadataKey.network] = try StyleModelNetwork.text(of: definition)
    try SafetensorsWriter.write(
      tensors: parameters.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, metadata: metadata, to: path,
      storage: Dictionary(uniqueKeysWithValues: convolutionWeights.map { ($0, weights) }))
  }
}
