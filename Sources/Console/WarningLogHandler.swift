import Logging

/// Prints log events as `program: warning: sentence` above the progress line.
package struct WarningLogHandler: LogHandler {
  /// The metadata, which is printed after the sentence as `(key: value)`.
  package var metadata: Logger.Metadata = [:]
  /// The minimum level of the printed events; `warning` by default.
  package var logLevel: Logger.Level = .warning

  private let program: String
  private let output: ConsoleOutput

  /// Creates a handler that prints to `output` with the program's name.
  package init(program: String, output: ConsoleOutput) {
    self.program = program
    self.output = output
  }

  /// Accesses one value of the metadata.
  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Prints one event as one line.
  package func log(event: LogEvent) {
    let details = metadata.merging(event.metadata ?? [:]) { $1 }
      .sorted { $0.key < $1.key }
      .map { "\($0.key): \($0.value)" }
    let suffix = details.isEmpty ? "" : " (\(details.joined(separator: ", ")))"
    output.printLine("\(program): \(event.level.rawValue): \(event.message)\(suffix)")
  }
}
