import Foundation

/// How many instructions pieces of work took when they were last counted, and how far they may move.
///
/// A text file: lines that begin with `#` are remarks, one of which names the compiler; others are a name, spaces and a count.
public struct InstructionBudget: Equatable, Sendable {
  /// More than this factor fails: 3 % is above what an unrelated change moves and below what a lost optimisation costs.
  public static let upperFactor = 1.03
  /// Less than this factor asks for a lower budget, so that what was won is kept.
  public static let lowerFactor = 0.95

  private static let compilerMark = "# compiler: "

  /// What compiled the code that was counted; counts of different compilers cannot be compared.
  public let compiler: String
  /// The counts by name.
  public let counts: [String: Int]

  /// A budget of known counts.
  public init(compiler: String, counts: [String: Int]) {
    self.compiler = compiler
    self.counts = counts
  }

  /// What a count says about its budget.
  public enum Verdict: Equatable, Sendable {
    /// Between the factors.
    case within
    /// A failure.
    case tooMany
    /// Better by so much that the budget should follow.
    case lowerIt
    /// There is no budget of this name.
    case unknown
  }

  /// Compares `count` with the budget of `name`.
  public func verdict(of name: String, count: Int) -> Verdict {
    guard let budget = counts[name] else { return .unknown }
    let factor = Double(count) / Double(max(1, budget))
    return factor > Self.upperFactor ? .tooMany : factor < Self.lowerFactor ? .lowerIt : .within
  }

  /// Reads the text of a file; `file` is named in errors. Throws a ``FormatError`` for a line that is neither remark nor count,
  /// or a name that comes twice.
  public init(text: String, file: String) throws {
    var compiler = ""
    var counts: [String: Int] = [:]
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if line.hasPrefix(Self.compilerMark) { compiler = String(line.dropFirst(Self.compilerMark.count)) }
      guard !line.hasPrefix("#"), !line.allSatisfy(\.isWhitespace) else { continue }
      guard let space = line.lastIndex(of: " "), let count = Int(line[line.index(after: space)...]), count > 0 else {
        throw FormatError(file: file, line: index + 1, problem: "expected a name and a positive count, found '\(line)'")
      }
      let name = line[..<space].trimmingCharacters(in: .whitespaces)
      guard !name.isEmpty, counts.updateValue(count, forKey: name) == nil else {
        throw FormatError(file: file, line: index + 1, problem: "the name '\(name)' is empty or comes twice")
      }
    }
    self.init(compiler: compiler, counts: counts)
  }

  /// The text of a file with these counts, sorted by name.
  public var text: String {
    let width = counts.keys.map(\.count).max() ?? 0
    let lines = counts.sorted { $0.key < $1.key }.map { name, count in
      name + String(repeating: " ", count: width - name.count + 2) + String(count)
    }
    return """
      # Instructions of one run, counted by valgrind. `make instruction-counts` compares, and fails 3 % above;
      # `Benchmarks/instruction-counts --update` writes this file. Counts of another compiler cannot be compared.
      \(Self.compilerMark)\(compiler)

      \(lines.joined(separator: "\n"))

      """
  }

  /// A line that cannot be read.
  public struct FormatError: Error, Equatable, CustomStringConvertible {
    let file: String
    let line: Int
    let problem: String

    /// One sentence.
    public var description: String { "\(file):\(line): \(problem)" }
  }
}
