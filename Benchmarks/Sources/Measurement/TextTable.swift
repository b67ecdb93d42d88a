import Foundation

/// Rows of text in columns, printed one by one as they are measured.
public struct TextTable: Sendable {
  /// One column.
  public struct Column: Sendable {
    let title: String
    let width: Int
    let isText: Bool

    /// A column at least as wide as its title; numbers stand at the right, text at the left.
    public init(_ title: String, width: Int = 0, isText: Bool = false) {
      self.title = title
      self.width = max(width, title.count)
      self.isText = isText
    }
  }

  private let columns: [Column]

  /// A table of these columns.
  public init(_ columns: [Column]) { self.columns = columns }

  /// The titles.
  public var header: String { row(columns.map(\.title)) }

  /// One line: a cell for each column; a missing one is empty, one wider than its column shifts the others.
  public func row(_ cells: [String]) -> String {
    let padded = columns.enumerated().map { index, column in
      let cell = index < cells.count ? cells[index] : ""
      let space = String(repeating: " ", count: max(0, column.width - cell.count))
      return column.isText ? cell + space : space + cell
    }
    let line = padded.joined(separator: "  ")
    return String(line.reversed().drop { $0 == " " }.reversed())
  }
}

extension Double {
  /// Three significant digits without an exponent: `0.0123`, `1.23`, `123`, `1234`.
  public var threeDigits: String {
    guard isFinite, self != 0 else { return isFinite ? "0" : "–" }
    let digits = max(0, 2 - Int(floor(log10(abs(rounded(significantDigits: 3))))))
    return String(format: "%.*f", digits, self)
  }

  /// A share as a whole percentage: `87 %`.
  public var percentage: String { isFinite ? "\(Int((self * 100).rounded())) %" : "–" }
}
