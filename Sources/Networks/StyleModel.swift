import Safetensors
import Tensors

/// A network and the parameters that paint one style.
///
/// A model file is a safetensors file whose metadata contains the network's nodes, the style's name and information
/// about the training.
public struct StyleModel: Sendable {
  /// The version of the metadata format that is written.
  public static let formatVersion = "2"

  /// The network.
  public let definition: NetworkDefinition
  /// The parameters of ``definition`` by name, with convolution weights as `[O, I, k, k]`.
  public let parameters: [String: Tensor]
  /// The metadata apart from the network, see ``MetadataKey``.
  public let metadata: [String: String]

  /// The keys of the metadata. Values are plain text, with numbers in Swift's notation.
  public enum MetadataKey {
    /// ``StyleModel/formatVersion``.
    public static let formatVersion = "format_version"
    /// The ``NetworkDefinition`` as JSON.
    public static let network = "network"
    /// The style's name.
    public static let style = "style"
  }

  /// Creates a model. The caller guarantees that `parameters` are the parameters of `definition`.
  public init(
    definition: NetworkDefinition, parameters: [String: Tensor], style: String, metadata: [String: String] = [:]
  ) {
    self.definition = definition
    self.parameters = parameters
    var metadata = metadata
    metadata[MetadataKey.formatVersion] = Self.formatVersion
    // Derived from the definition when the file is written.
    metadata[MetadataKey.network] = nil
    metadata[MetadataKey.style] = style
    self.metadata = metadata
  }

  /// The style's name.
  public var style: String { metadata[MetadataKey.style] ?? "" }

  /// Reads a model file.
  ///
  /// The network is checked before anything is allocated for it. Files of format version 1, which store a description
  /// of the network instead of its nodes, are supported.
  ///
  /// - Throws: `SafetensorsError` for a damaged file. ``ModelError`` if the metadata contains no valid network or the
  ///   tensors are not its parameters: each parameter must be present with its shape and finite values, and there must
  ///   be no other tensors.
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

  /// Reads the network of a model file from its header.
  ///
  /// - Throws: The errors of ``load(path:)`` that can be detected from the header.
  public static func definition(ofFile path: String) throws -> NetworkDefinition { try open(path).definition }

  /// Opens a file and checks everything except the values of the parameters.
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
    if let unexpected = reader.entries.first(where: { !names.contains($0.name) }) {
      throw ModelError.unknownParameter(file: path, name: unexpected.name, network: definition.title)
    }
    return (reader, definition)
  }

  /// Writes a model file, which appears only when it is complete.
  ///
  /// - Parameters:
  ///   - weights: The element type of the convolution weights. With `.float16`, the file contains ``inHalfPrecision``,
  ///     which must not be nil.
  /// - Throws: `SafetensorsError` if the file cannot be written.
  public func save(path: String, weights: SafetensorsWriter.Storage = .float32) throws {
    var metadata = metadata
    metadata[MetadataKey.network] = try StyleModelNetwork.text(of: definition)
    try SafetensorsWriter.write(
      tensors: parameters.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, metadata: metadata, to: path,
      storage: Dictionary(uniqueKeysWithValues: convolutionWeights.map { ($0, weights) }))
  }
}
