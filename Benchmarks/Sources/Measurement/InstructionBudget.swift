import Foundation

/// The recorded instruction counts of pieces of work, with limits for their change.
///
/// It is stored as a text file. Lines that begin with `#` are comments, one of which names the compiler. Other lines
/// consist of a name, spaces and a count.
public struct InstructionBudget: Equatable, Sendable {
  /// The factor above which a count fails. 3 % is more than unrelated changes cause, and less than the cost of a lost
  /// optimisation.
  public static let upperFactor = 1.03
  /// The factor below which the budget should be lowered, to keep an improvement.
  public static let lowerFactor = 0.95

  private static let compilerMark = "# compiler: "

  /// The compiler of the counted code. Counts of different compilers cannot be compared.
  public let compiler: String
  /// The counts by name.
  public let counts: [String: Int]

  /// Creates a budget with known counts.
  public init(compiler: String, counts: [String: Int]) {
    self.compiler = compiler
    self.counts = counts
  }

  /// The result of comparing a count with its budget.
  public enum Verdict: Equatable, Sendable {
    /// Within the limits.
    case within
    /// Above the limit: a failure.
    case tooMany
    /// So far below the budget that the budget should be lowered.
    case lowerIt
    /// There is no budget with this name.
    case unknown
  }

  /// Compares `count` with the budget of `name`.
  public func verdict(of name: String, count: Int) -> Verdict {
    guard let budget = counts[name] else { return .unknown }
    let factor = Double(count) / Double(max(1, budget))
    return factor > Self.upperFactor ? .tooMany : factor < Self.lowerFactor ? .lowerIt : .within
  }

  /// Parses the text of `file`, whose name appears in errors.
  ///
  /// - Throws: ``FormatError`` for a line that is neither comment nor count, or a repeated name.
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
        throw FormatError(file: file, line: index + 1, problem: "the name '\(name)' is empty or repeated")
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

  /// An invalid line.
  public struct FormatError: Error, Equatable, CustomStringConvertible {
    let file: String
    let line: Int
    let problem: String

    /// One sentence.
    public var description: String { "\(file):\(line): \(problem)" }
  }
}
