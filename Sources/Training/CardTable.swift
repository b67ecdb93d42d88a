import Foundation

/// The table of a model's card as it stands in a file: rows can be replaced, and everything else stays as it is.
public struct CardTable: Sendable {
  private var lines: [String]
  /// The table's rows among the lines.
  private var rows: Range<Int>

  /// Finds the table of a card, such as ``ModelCard/markdown``: the rows below its first line `|---|---|`.
  ///
  /// Throws ``TrainingError/invalidCard(file:)``, which names `path`, where there is none.
  public init(_ markdown: String, path: String) throws {
    lines = markdown.components(separatedBy: "\n")
    guard let rule = lines.firstIndex(of: "|---|---|") else { throw TrainingError.invalidCard(file: path) }
    let end = lines[(rule + 1)...].firstIndex { !$0.hasPrefix("|") } ?? lines.endIndex
    rows = rule + 1..<end
  }

  /// The card with the table as it is now.
  public var markdown: String { lines.joined(separator: "\n") }

  /// What stands in the row called `name`. Setting it replaces the row, or adds it at the end; nil removes it.
  public subscript(name: String) -> String? {
    get {
      row(name).map { String(lines[$0].dropFirst(Self.start(name).count).dropLast(2)) }
    }
    set {
      let line = newValue.map { Self.start(name) + $0 + " |" }
      switch (row(name), line) {
      case (let index?, let line?): lines[index] = line
      case (let index?, nil):
        lines.remove(at: index)
        rows = rows.lowerBound..<rows.upperBound - 1
      case (nil, let line?):
        lines.insert(line, at: rows.upperBound)
        rows = rows.lowerBound..<rows.upperBound + 1
      case (nil, nil): break
      }
    }
  }

  private func row(_ name: String) -> Int? {
    rows.first { lines[$0].hasPrefix(Self.start(name)) && lines[$0].hasSuffix(" |") }
  }

  private static func start(_ name: String) -> String { "| \(name) | " }
}
