import ArgumentParser

/// A name and a value in one argument: `framerate=15`.
public struct KeyValue: Equatable, Sendable {
  /// What is before the first `=`; never empty.
  public let key: String
  /// What is after it.
  public let value: String

  /// Reads `key=value`; for `transform:`.
  @Sendable public static func parse(_ text: String) throws -> KeyValue {
    guard let mark = text.firstIndex(of: "="), mark > text.startIndex else {
      throw ValidationError("expected key=value")
    }
    return KeyValue(key: String(text[..<mark]), value: String(text[text.index(after: mark)...]))
  }

  /// All of them by key; of equal keys the last one counts.
  public static func dictionary(_ pairs: [KeyValue]) -> [String: String] {
    Dictionary(pairs.map { ($0.key, $0.value) }) { $1 }
  }
}
