import ArgumentParser

/// The form in which a program reports its progress on standard error.
public enum ProgressMode: String, CaseIterable, Sendable, ExpressibleByArgument {
  /// A status line on a terminal that is redrawn in place. Elsewhere the same as ``plain``.
  case bar
  /// A line of text at regular intervals.
  case plain
  /// One JSON object per line, for programs.
  case json
  /// No progress.
  case none
}

/// The options of programs that report their progress.
package struct ProgressOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How to report progress on standard error: \(ProgressMode.allCases.map(\.rawValue).joined(separator: ", ")). (default: bar)",
      discussion: """
        bar redraws a status line in place on a terminal and is the same as plain elsewhere. plain prints a line at regular \
        intervals. json prints one JSON object per line.
        """, valueName: "mode"))
  var progress: ProgressMode?

  /// Whether to print only warnings and errors.
  @Flag(help: "Do not report progress.")
  package var quiet = false

  /// Creates the options with their default values.
  package init() {}

  /// Checks that `--quiet` is not combined with a progress mode other than `none`.
  ///
  /// - Throws: `ValidationError` if it is.
  package func validate() throws {
    if quiet, let progress, progress != .none {
      throw ValidationError("--quiet and --progress \(progress.rawValue) cannot be combined")
    }
  }

  /// The selected mode.
  package var mode: ProgressMode { quiet ? .none : progress ?? .bar }

  /// Whether to print messages for users besides warnings and errors.
  package var isTalking: Bool { mode == .bar || mode == .plain }
}
