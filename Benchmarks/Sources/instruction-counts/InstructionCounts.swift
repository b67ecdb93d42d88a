import ArgumentParser
import Console
import Files
import Foundation
import Measurement

/// Detects performance regressions without noisy time measurements.
struct InstructionCounts: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "instruction-counts",
    abstract: "Counts the instructions of frames and kernels with valgrind and compares them with a file.",
    discussion: """
      Fails if a count exceeds that in the file by more than 3 % or is missing from the file. Reports counts that are more \
      than 5 % below. Counts depend on the compiler: if the file was written with another one, the program shows the \
      differences and does not fail.
      """,
    version: Program.version)

  @Option(help: "The file of counts.")
  var file = "Benchmarks/instruction-counts.txt"

  @Flag(help: "Write the file instead of comparing with it.")
  var update = false

  @Flag(help: ArgumentHelp("Do the work without counting.", visibility: .hidden))
  var work = false

  func run() throws {
    if work {
      let progress = ProgressReporter(
        title: "Counting", total: Workload.all.count, units: .init(steps: "pieces of work", rate: "a second"))
      try Callgrind.doWork { progress.update(completed: $0) }
      return progress.finish()
    }
    let machine = Machine.current()
    let compiler = (machine.compiler ?? "unknown") + (machine.isPortable ? ", portable" : "")
    if !update { try InputPath.checkFile(file) }
    let budget = update ? nil : try InstructionBudget(text: String(contentsOfFile: file, encoding: .utf8), file: file)
    let table = TextTable([
      .init("work", width: 38, isText: true), .init("instructions", width: 12), .init("budget", width: 12),
      .init("change", width: 8), .init("", isText: true),
    ])
    let counts = try Callgrind.counts()
    try StandardOutput.write(table.header + "\n")
    var failures: [String] = []
    for (name, count) in counts.sorted(by: { $0.key < $1.key }) {
      let verdict = budget?.verdict(of: name, count: count) ?? .within
      if verdict == .tooMany || verdict == .unknown { failures.append(name) }
      let before = budget?.counts[name]
      let change = before.map { String(format: "%+.1f %%", (Double(count) / Double($0) - 1) * 100) }
      try StandardOutput.write(
        table.row([name, String(count), before.map(String.init) ?? "", change ?? "", remark(verdict)]) + "\n")
    }

    guard let budget else {
      let target = try AtomicFile(path: OutputPath.resolve(file))
      try target.write(Array(InstructionBudget(compiler: compiler, counts: counts).text.utf8))
      return try target.commit()
    }
    let gone = budget.counts.keys.filter { counts[$0] == nil }.sorted()
    if !gone.isEmpty {
      try StandardOutput.write("Not measured any more: \(gone.joined(separator: ", ")). Run with --update.\n")
    }
    if compiler != budget.compiler {
      return try StandardOutput.write(
        "\(file) was counted with the compiler \(budget.compiler), not with this one, \(compiler): the counts are not compared.\n"
      )
    }
    guard failures.isEmpty else {
      throw BudgetError(file: file, names: failures)
    }
  }

  private func remark(_ verdict: InstructionBudget.Verdict) -> String {
    switch verdict {
    case .within: ""
    case .tooMany: "too many"
    case .lowerIt: "better: lower the budget with --update"
    case .unknown: "not in the file: add it with --update"
    }
  }

  /// Some counts differ from the file.
  struct BudgetError: Error, CustomStringConvertible {
    let file: String
    let names: [String]

    var description: String {
      "\(names.count) of the counts exceed those in \(file) by more than 3 % or are missing from it: \(names.joined(separator: ", ")); "
        + "if that is intended, run with --update"
    }
  }
}
