import Foundation

/// A table of text that is printed row by row as results arrive.
public struct TextTable: Sendable {
  /// A column.
  public struct Column: Sendable {
    let title: String
    let width: Int
    let isText: Bool

    /// Creates a column at least as wide as its title. Numbers are aligned right, text left.
    public init(_ title: String, width: Int = 0, isText: Bool = false) {
      self.title = title
      self.width = max(width, title.count)
      self.isText = isText
    }
  }

  private let columns: [Column]

  /// Creates a table with these columns.
  public init(_ columns: [Column]) { self.columns = columns }

  /// The line of titles.
  public var header: String { row(columns.map(\.title)) }

  /// Returns one line with a cell for each column. Missing cells are empty, and a cell wider than its column shifts the
  /// others.
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
  /// The number with three significant digits and without an exponent: `0.0123`, `1.23`, `123`, `1234`.
  public var threeDigits: String {
    guard isFinite, self != 0 else { return isFinite ? "0" : "–" }
    let digits = max(0, 2 - Int(floor(log10(abs(rounded(significantDigits: 3))))))
    return String(format: "%.*f", digits, self)
  }

  /// The share as a whole percentage: `87 %`.
  public var percentage: String { isFinite ? "\(Int((self * 100).rounded())) %" : "–" }
}
