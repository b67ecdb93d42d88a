import ArgumentParser

/// How a program shows how far it is, on standard error.
public enum ProgressMode: String, CaseIterable, Sendable, ExpressibleByArgument {
  /// A line that is redrawn in place on a terminal; elsewhere as ``plain``.
  case bar
  /// A line of text now and then.
  case plain
  /// One JSON object a line, for programs.
  case json
  /// Nothing.
  case none
}

/// The options of the programs that take long enough to show their progress.
public struct ProgressOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How to show progress on standard error: \(ProgressMode.allCases.map(\.rawValue).joined(separator: ", ")). (default: bar)",
      discussion: """
        bar is redrawn in place on a terminal and is plain elsewhere; plain prints a line now and then; json prints one JSON object a \
        line.
        """, valueName: "mode"))
  var progress: ProgressMode?

  /// Whether nothing but warnings and errors is printed for people.
  @Flag(help: "Show no progress.")
  public var quiet = false

  /// The options' defaults.
  public init() {}

  /// Refuses `--quiet` beside another mode than `none`.
  public func validate() throws {
    if quiet, let progress, progress != .none {
      throw ValidationError("--quiet and --progress \(progress.rawValue) exclude each other")
    }
  }

  /// The mode that was chosen.
  public var mode: ProgressMode { quiet ? .none : progress ?? .bar }

  /// Whether sentences for people, beside warnings and errors, belong on standard error.
  public var isTalking: Bool { mode == .bar || mode == .plain }
}
