import ArgumentParser

/// A key and a value in one argument, such as `framerate=15`.
package struct KeyValue: Equatable, Sendable {
  /// The text before the first `=`; never empty.
  package let key: String
  /// The text after the first `=`.
  package let value: String

  /// Parses `key=value`, for `transform:`.
  ///
  /// - Throws: `ValidationError` if there is no `=` or no key.
  @Sendable package static func parse(_ text: String) throws -> KeyValue {
    guard let mark = text.firstIndex(of: "="), mark > text.startIndex else {
      throw ValidationError("expected key=value")
    }
    return KeyValue(key: String(text[..<mark]), value: String(text[text.index(after: mark)...]))
  }

  /// Returns a dictionary of the pairs. If a key occurs more than once, the last pair wins.
  package static func dictionary(_ pairs: [KeyValue]) -> [String: String] {
    Dictionary(pairs.map { ($0.key, $0.value) }) { $1 }
  }
}
