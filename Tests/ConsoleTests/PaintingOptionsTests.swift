import ArgumentParser
import Console
import Foundation
import Testing

private struct Paint: ParsableCommand {
  @OptionGroup var painting: PaintingOptions
  @Argument var input: String
  @Argument var output: String

  func run() throws { throw ValidationError("it ran") }
}

@Suite struct PaintingOptionsTests {
  @Test func optionsAreReadAndHaveDefaults() throws {
    let plain = try PaintingOptions.parse([])
    #expect(plain.style == StyleShares(Installation.defaultStyle) && plain.strength == 1 && plain.threads == nil)
    #expect(!plain.preserveColors && !plain.json)
    let given = try PaintingOptions.parse([
      "--style", "wave", "--strength", "0.5", "--preserve-colors", "--threads", "3", "--json",
    ])
    #expect(given.style == StyleShares("wave") && given.strength == 0.5 && given.threads == 3)
    #expect(given.preserveColors && given.json)
  }

  @Test func listingStylesNeedsNoArguments() {
    for arguments in [["--list-styles"], ["--list-styles", "a", "b"]] {
      let outcome = Program.outcome(of: Paint.self, arguments: arguments)
      #expect(
        outcome
          == Program.Outcome(exitCode: 0, standardOutput: StyleList(Installation()).text + "\n"))
    }
    let json = Program.outcome(of: Paint.self, arguments: ["--json", "--list-styles"])
    #expect(json.exitCode == 0 && json.standardOutput.hasPrefix("{\"styles\":["))
  }

  @Test func otherwiseArgumentsAreRequired() {
    let outcome = Program.outcome(of: Paint.self, arguments: ["--json"])
    #expect(
      outcome.exitCode == 2 && outcome.standardError.contains("<input>"), "\(outcome.standardError)"
    )
  }
}
