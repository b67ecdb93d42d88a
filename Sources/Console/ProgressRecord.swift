import Foundation

/// How far a program is: the JSON object that ``ProgressMode/json`` prints on one line.
public struct ProgressRecord: Codable, Equatable, Sendable {
  /// The program's word for what it does: `Training`.
  public var task: String
  /// Steps done, those before a resumption included.
  public var iteration: Int
  /// Steps in all; nil where that is not known.
  public var iterations: Int?
  /// What one step is, in the plural: `iterations`, `frames`, `photos`.
  public var unit: String
  /// Steps in a second; nil before the first one.
  public var rate: Double?
  /// Seconds left at that rate; nil where ``rate`` or ``iterations`` is.
  public var eta: Double?
  /// The objective's parts by name, weights applied, as the mean of recent steps; nil for programs that do not train.
  public var losses: [String: Double]?

  /// A record of known parts.
  public init(
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

  /// Reads one line of a program's standard error; nil for a line that is something else, such as a warning.
  public init?(line: some StringProtocol) {
    guard line.first == "{", let record = try? JSONDecoder().decode(Self.self, from: Data(line.utf8)) else {
      return nil
    }
    self = record
  }

  /// The record for people: `60/500 iterations, 6:07 left`.
  public var text: String {
    let counter = "\(iteration)\(iterations.map { "/\($0)" } ?? "") \(unit)"
    // Longer times are no forecast, and a duration has its limits.
    guard let eta, eta >= 0, eta < 1e7 else { return counter }
    return "\(counter), \(Duration.seconds(eta).clockText) left"
  }
}
