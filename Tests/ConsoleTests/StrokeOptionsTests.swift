import ArgumentParser
import Console
import Networks
import Testing

private struct Paint: ParsableCommand {
  @OptionGroup var strokes: StrokeOptions
}

@Suite struct StrokeOptionsTests {
  @Test func sizeIsParsedAndHasNoDefault() throws {
    #expect(try StrokeOptions.parse([]).strokeSize == nil)
    #expect(try StrokeOptions.parse(["--stroke-size", "large"]).strokeSize == .size(.large))
    #expect(try StrokeOptions.parse(["--stroke-size", "medium"]).strokeSize == .medium)
    #expect(try StrokeOptions.parse(["--stroke-size", "200"]).strokeSize == .lines(200))
  }

  @Test(arguments: ["huge", "63", "1025", "-3", "200.5", "456x256"])
  func nonsenseIsWrongUsage(size: String) {
    let outcome = Program.outcome(of: Paint.self, arguments: ["--stroke-size=\(size)"])
    #expect(outcome.exitCode == 2)
    #expect(
      outcome.standardError.contains("expected small, medium, large or a number of lines from 64 to 1024"),
      "\(outcome.standardError)")
  }
}
