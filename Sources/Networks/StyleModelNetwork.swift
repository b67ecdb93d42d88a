import Foundation

/// The network in a model file's metadata.
enum StyleModelNetwork {
  /// The JSON of `definition`; the same definition gives the same text.
  static func text(of definition: NetworkDefinition) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(definition), as: UTF8.self)
  }

  /// The network that the metadata of `file` hold, checked.
  ///
  /// - Throws: ``ModelError/foreignFile(file:found:expected:)`` where they hold none.
  static func read(_ metadata: [String: String], file: String) throws -> NetworkDefinition {
    typealias Key = StyleModel.MetadataKey
    guard let version = metadata[Key.formatVersion], let network = metadata[Key.network] else {
      throw ModelError.foreignFile(
        file: file, found: "no metadata '\(Key.formatVersion)' and '\(Key.network)'",
        expected: "both, as train-style writes them")
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
        file: file, found: "a network that cannot be read: \(problem(error))", expected: "the JSON of a network's nodes"
      )
    }
  }

  /// Where the JSON goes wrong.
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

  /// The network of a file of version 1, which gives its description and width.
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
