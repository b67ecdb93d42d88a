import Foundation

/// The progress of a program: the JSON object that ``ProgressMode/json`` prints on one line.
package struct ProgressRecord: Codable, Equatable, Sendable {
  /// The name of the task, such as `Training`.
  package var task: String
  /// The number of completed steps, including those before a resumption.
  package var iteration: Int
  /// The total number of steps; nil if unknown.
  package var iterations: Int?
  /// The name of the steps in the plural: `iterations`, `frames`, `photos`.
  package var unit: String
  /// The number of steps per second; nil before the first step.
  package var rate: Double?
  /// The remaining time in seconds; nil if ``rate`` or ``iterations`` is nil.
  package var eta: Double?
  /// The weighted losses by name, as the mean of recent steps; nil for programs that do not train.
  package var losses: [String: Double]?

  /// Creates a record.
  package init(
    task: String, iteration: Int, iterations: Int?, unit: String, rate: Double? = nil, eta: Double? = nil,
    losses: [String: Double]? = nil
  ) {
    self.task = task
    self.iteration = iteration
    self.iterations = iterations
    self.unit = unit
    self.rate = rate
    self.eta = eta
    self.losses = losses
  }

  /// Parses a line of a program's standard error; nil if the line is not a record, for example a warning.
  package init?(line: some StringProtocol) {
    guard line.first == "{", let record = try? JSONDecoder().decode(Self.self, from: Data(line.utf8)) else {
      return nil
    }
    self = record
  }

  /// The record as text: `60/500 iterations, 6:07 left`.
  package var text: String {
    let counter = "\(iteration)\(iterations.map { "/\($0)" } ?? "") \(unit)"
    // Longer times are not useful forecasts, and the range of a duration is limited.
    guard let eta, eta >= 0, eta < 1e7 else { return counter }
    return "\(counter), \(Duration.seconds(eta).clockText) left"
  }
}
