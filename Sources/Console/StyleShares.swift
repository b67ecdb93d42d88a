import ArgumentParser
import Foundation

/// The styles to paint with and their shares, such as `starry` or `starry:0.6,wave:0.4`, for `--style`.
package struct StyleShares: ExpressibleByArgument, Equatable, Sendable, CustomStringConvertible {
  /// A style of the mixture.
  package struct Part: Equatable, Sendable {
    /// The name of a style or the path of a model file, for ``Installation/styleFile(_:)``.
    package let name: String
    /// The share relative to the others, above 0.
    package let share: Double
  }

  private static let maximumShare = 1e6

  /// The styles in the order of the argument, at least one.
  package let parts: [Part]

  /// One style alone.
  package init(_ name: String) { self.init([Part(name: name, share: 1)]) }

  private init(_ parts: [Part]) { self.parts = parts }

  /// Parses the argument. Returns nil if a name is empty or a share is not a number above 0.
  ///
  /// A style without a share has the share 1. An argument that is the path of a file is one style, whatever it
  /// contains.
  package init?(argument: String) {
    if FileManager.default.fileExists(atPath: argument) {
      self.init(argument)
      return
    }
    var parts: [Part] = []
    for text in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let mark = text.lastIndex(of: ":")
      let (name, share) = (mark.map { text[..<$0] } ?? text, mark.map { text[text.index(after: $0)...] })
      guard !name.isEmpty, let value = Double(share ?? "1"), value > 0, value <= Self.maximumShare else { return nil }
      parts.append(Part(name: String(name), share: value))
    }
    self.init(parts)
  }

  /// The argument in its shortest form.
  package var description: String {
    parts.count == 1
      ? parts[0].name : parts.map { $0.share == 1 ? $0.name : "\($0.name):\($0.share)" }.joined(separator: ",")
  }

  /// The form of the argument in usage texts.
  package var defaultValueDescription: String { description }
}
