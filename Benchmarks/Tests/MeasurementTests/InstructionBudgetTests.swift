import Measurement
import Testing

@Suite struct InstructionBudgetTests {
  private let budget = InstructionBudget(compiler: "Swift 1", counts: ["frame a 1x1": 1000, "b": 100_000])

  @Test(arguments: [
    (1000, InstructionBudget.Verdict.within), (1030, .within), (1031, .tooMany), (950, .within), (949, .lowerIt),
  ])
  func verdicts(count: Int, expected: InstructionBudget.Verdict) {
    #expect(budget.verdict(of: "frame a 1x1", count: count) == expected)
  }

  @Test func newWorkIsUnknown() {
    #expect(budget.verdict(of: "c", count: 1) == .unknown)
  }

  @Test func fileRoundTrip() throws {
    #expect(try InstructionBudget(text: budget.text, file: "a.txt") == budget)
  }

  @Test(arguments: ["name", "name x", "name -5", "name 0", "a 1\nb 2\na 3", " 12"])
  func invalidFilesAreRejected(text: String) {
    #expect(throws: InstructionBudget.FormatError.self) { try InstructionBudget(text: text, file: "a.txt") }
  }

  @Test func errorsNameTheLine() {
    let error = #expect(throws: InstructionBudget.FormatError.self) {
      try InstructionBudget(text: "# remark\n\na 1\nwrong\n", file: "a.txt")
    }
    #expect(error?.description == "a.txt:4: expected a name and a positive count, found 'wrong'")
  }
}
