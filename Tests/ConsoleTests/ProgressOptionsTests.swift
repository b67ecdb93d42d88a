import ArgumentParser
import Console
import Testing

@Suite struct ProgressOptionsTests {
  @Test(arguments: [
    ([], ProgressMode.bar, true), (["--quiet"], .none, false), (["--progress", "none"], .none, false),
    (["--progress", "plain"], .plain, true), (["--progress", "bar"], .bar, true),
    (["--progress", "json"], .json, false),
    (["--quiet", "--progress", "none"], .none, false),
  ])
  func parsesTheMode(arguments: [String], mode: ProgressMode, isTalking: Bool) throws {
    let options = try ProgressOptions.parse(arguments)
    #expect(options.mode == mode && options.isTalking == isTalking)
  }

  @Test(arguments: [["--progress", "loud"], ["--quiet", "--progress", "json"], ["--progress"]])
  func rejectsInvalidCombinations(arguments: [String]) {
    #expect(throws: (any Error).self) { try ProgressOptions.parse(arguments) }
  }
}
