import ArgumentParser
import Console
import Foundation
import Testing

private struct Sentence: Error, CustomStringConvertible {
  let description: String
}

private struct Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "paint", abstract: "Paints.", version: Program.version)

  @Option(help: "How much, 0 to 1.", transform: ArgumentValues.number(in: 0...1)) var strength = 1.0
  @Option(help: "Threads.", transform: ArgumentValues.integer(in: 1...64)) var threads: Int?
  @Option(help: "Size.", transform: FrameSize.parse) var size: FrameSize?
  @Argument(help: "How to end.") var end: String

  func run() throws {
    switch end {
    case "well": return
    case "invalid": throw ValidationError("Nothing to paint")
    case "code": throw ExitCode(7)
    case "foundation": throw CocoaError(.fileReadNoSuchFile)
    default: throw Sentence(description: "\(end): is no painting,\n  it is a text")
    }
  }
}

@Suite struct ProgramTests {
  @Test func successPrintsNothing() {
    let outcome = Program.outcome(of: Command.self, arguments: ["well", "--strength", "0.5", "--size", "64x48"])
    #expect(outcome == Program.Outcome(exitCode: 0))
  }

  @Test func helpAndVersionGoToStandardOutput() {
    let help = Program.outcome(of: Command.self, arguments: ["--help"])
    #expect(help.exitCode == 0)
    #expect(help.standardOutput.contains("USAGE: paint"))
    #expect(help.standardError.isEmpty)

    let version = Program.outcome(of: Command.self, arguments: ["--version"])
    #expect(version == Program.Outcome(exitCode: 0, standardOutput: Program.version + "\n"))
  }

  @Test(arguments: [
    ([], "missing expected argument '<end>'"),
    (["well", "more"], "unexpected argument 'more'"),
    (["well", "--colour"], "unknown option '--colour'"),
    (
      ["well", "--strength", "nan"],
      "the value 'nan' is invalid for '--strength <strength>': expected a number from 0 to 1"
    ),
    (
      ["well", "--threads", "0"],
      "the value '0' is invalid for '--threads <threads>': expected a whole number from 1 to 64"
    ),
    (["invalid"], "nothing to paint"),
  ])
  func wrongUsageExitsWithTwo(arguments: [String], sentence: String) throws {
    let outcome = Program.outcome(of: Command.self, arguments: arguments)
    #expect(outcome.exitCode == 2)
    #expect(outcome.standardOutput.isEmpty)
    let lines = outcome.standardError.split(separator: "\n").map(String.init)
    try #require(lines.count == 3)
    #expect(lines[0] == "paint: \(sentence)")
    #expect(lines[1].hasPrefix("Usage: paint ["))
    #expect(lines[2] == "See 'paint --help' for more information.")
  }

  @Test func errorsWhileRunningAreOneSentence() {
    let outcome = Program.outcome(of: Command.self, arguments: ["a.txt"])
    #expect(outcome.exitCode == 1)
    #expect(outcome.standardOutput.isEmpty)
    #expect(outcome.standardError == "paint: a.txt: is no painting, it is a text")
  }

  @Test func foundationErrorsAreNotDumped() {
    let outcome = Program.outcome(of: Command.self, arguments: ["foundation"])
    #expect(outcome.exitCode == 1)
    #expect(!outcome.standardError.contains("Domain="))
    #expect(outcome.standardError.count > "paint: ".count)
  }

  @Test func namesThatAreNotUTF8AreRefused() {
    #expect(Program.unreadableArgument(Array("film 中.mp4".utf8)) == nil)
    let fault = Program.unreadableArgument(Array("a".utf8) + [0xFF, 0x0A] + Array(".mp4".utf8))
    #expect(fault?.hasPrefix(#"expected UTF-8, found 'a\xff\x0a.mp4': "#) == true)
  }

  @Test func exitCodesPassThrough() {
    #expect(
      Program.outcome(of: Command.self, arguments: ["code"])
        == Program.Outcome(exitCode: 7))
  }
}
