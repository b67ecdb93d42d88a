import FoundationEssentials

/// Reads and writes the network in a model file's metadata.
enum StyleModelNetwork {
  /// Returns the JSON of `definition`. The same definition gives the same text.
  static func text(of definition: NetworkDefinition) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(definition), as: UTF8.self)
  }

  /// Reads and checks the network in the metadata of `file`.
  ///
  /// - Throws: ``ModelError/foreignFile(file:found:expected:)`` if there is no valid network.
  static func read(_ metadata: [String: String], file: String) throws -> NetworkDefinition {
    typealias Key = StyleModel.MetadataKey
    guard let version = metadata[Key.formatVersion], let network = metadata[Key.network] else {
      throw ModelError.foreignFile(
        file: file, found: "no metadata '\(Key.formatVersion)' and '\(Key.network)'",
        expected: "the metadata that train-style writes")
    }
    switch version {
    case StyleModel.formatVersion: return try decode(network, file: file)
    case "1": return try described(network, width: metadata["width"] ?? "1.0", file: file)
    default:
      throw ModelError.foreignFile(
        file: file, found: "format version \(version)", expected: "version 1 or \(StyleModel.formatVersion)")
    }
  }

  private static func decode(_ json: String, file: String) throws -> NetworkDefinition {
    do {
      let definition = try JSONDecoder().decode(NetworkDefinition.self, from: Data(json.utf8))
      try definition.check()
      return definition
    } catch let error as ModelError {
      throw ModelError.foreignFile(file: file, found: error.description, expected: "nodes that fit together")
    } catch {
      throw ModelError.foreignFile(
        file: file, found: "an unreadable network: \(problem(error))", expected: "the JSON of a network's nodes"
      )
    }
  }

  /// Returns the position of the error in the JSON and its description.
  private static func problem(_ error: any Error) -> String {
    guard let error = error as? DecodingError else { return "\(error)" }
    let context: DecodingError.Context
    let key: String
    switch error {
    case .keyNotFound(let missing, let place): (key, context) = ("'\(missing.stringValue)' is missing", place)
    case .typeMismatch(_, let place), .valueNotFound(_, let place), .dataCorrupted(let place):
      (key, context) = (place.debugDescription, place)
    @unknown default: return "\(error)"
    }
    let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
    return path.isEmpty ? key : "\(path): \(key)"
  }

  /// Returns the network of a file of version 1, which stores its description and width.
  private static func described(_ description: String, width: String, file: String) throws -> NetworkDefinition {
    guard let factor = Double(width) else {
      throw ModelError.foreignFile(file: file, found: "network width '\(width)'", expected: "a number")
    }
    guard let definition = try? NetworkDefinition.named(description, width: factor) else {
      throw ModelError.foreignFile(
        file: file, found: "network '\(description)' of width \(width)",
        expected: "\(NetworkDefinition.names.joined(separator: " or ")) or a network's description, 0.125 to 4 wide")
    }
    return definition
  }
}
