import Files
import Foundation
import Networks

/// The card as a file.
extension StyleCard {
  private struct Version: Decodable { var formatVersion: Int? }

  /// Reads the card at `path`.
  ///
  /// - Throws: ``TrainingError/invalidCard(file:found:)`` where it cannot be read, is no JSON, has another version, or
  ///   lacks something.
  package init(path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw TrainingError.invalidCard(file: path, found: "a file that cannot be read")
    }
    do {
      let version = try JSONDecoder().decode(Version.self, from: data).formatVersion
      guard version == Self.currentFormatVersion else {
        throw TrainingError.invalidCard(file: path, found: version.map { "format version \($0)" } ?? "no formatVersion")
      }
      self = try JSONDecoder().decode(Self.self, from: data)
    } catch let error as DecodingError {
      throw TrainingError.invalidCard(file: path, found: Self.sentence(error))
    }
  }

  /// The bytes of the file: keys sorted, one value a line, so that a change of one value changes one line.
  ///
  /// - Throws: `EncodingError` where a number is not finite.
  package func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self) + Data("\n".utf8)
  }

  /// Writes the card of a style and, beside it, ``markdown``.
  ///
  /// - Throws: ``TrainingError/invalidCard(file:found:)`` where a number is not finite, `FileError` where a file cannot
  ///   be written.
  package func write(to files: StyleFiles) throws {
    let data: Data
    do {
      data = try json()
    } catch is EncodingError {
      throw TrainingError.invalidCard(file: files.card, found: "a number that is not finite")
    }
    for (path, content) in [(files.card, data), (files.cardText, Data(markdown.utf8))] {
      let file = try AtomicFile(path: path)
      try file.write([UInt8](content))
      try file.commit()
    }
  }

  /// What is wrong, as it stands behind "found".
  private static func sentence(_ error: DecodingError) -> String {
    func place(_ path: [any CodingKey]) -> String {
      let text = path.map { $0.intValue.map { "[\($0)]" } ?? "." + $0.stringValue }.joined()
      return text.hasPrefix(".") ? String(text.dropFirst()) : text
    }
    switch error {
    case .keyNotFound(let key, let context): return "no \(place(context.codingPath + [key]))"
    case .valueNotFound(_, let context): return "nothing in \(place(context.codingPath))"
    case .typeMismatch(_, let context) where !context.codingPath.isEmpty:
      return "a value of another kind in \(place(context.codingPath))"
    case .dataCorrupted(let context) where !context.codingPath.isEmpty:
      return "an unknown value in \(place(context.codingPath))"
    default: return "no JSON object"
    }
  }
}
