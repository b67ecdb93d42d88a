import Foundation

/// The losses of a run in a CSV file, one line per step.
///
/// The columns are the total, each group of losses followed by the losses in it that have names of their own, and the
/// learning rate. A resumed run first removes the lines after the checkpoint's iteration and then appends. It brings
/// the lines of a log with other columns into its own: absent values become 0.
final class LossLog {
  private struct Column: Sendable {
    let name: String
    let value: @Sendable (StyleTrainer.Step) -> Double
  }

  private static let columns: [Column] = {
    var columns = [Column(name: "total") { $0.losses.total }]
    for group in LossGroup.allCases {
      columns.append(Column(name: group.rawValue) { $0.losses[group] })
      columns += LossName.reported(in: group).map { name in Column(name: name.name) { $0.losses[name] ?? 0 } }
    }
    return columns + [Column(name: "learning_rate") { $0.learningRate }]
  }()

  private let handle: FileHandle
  /// The losses of the last steps before the resumption, at most as many as the initializer asks for.
  let recent: [LossParts]

  /// Opens the log at `path` for a run that has completed `iteration` steps, and reads the losses of the last
  /// `recentSteps` of them.
  init(path: String, iteration: Int, recentSteps: Int) throws {
    let rows = iteration > 0 ? Self.rows(path: path).filter { $0.iteration <= iteration } : []
    recent = rows.filter { $0.iteration > iteration - recentSteps }.compactMap(\.losses)
    let header = Self.line(["iteration"] + Self.columns.map(\.name))
    let kept = rows.map { row in
      Self.line(["\(row.iteration)"] + Self.columns.map { row.fields[$0.name] ?? "0" })
    }
    try (header + kept.joined()).write(toFile: path, atomically: true, encoding: .utf8)
    handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    try handle.seekToEnd()
  }

  deinit { try? handle.close() }

  /// Appends the losses of a step.
  func append(_ step: StyleTrainer.Step) throws {
    let values = Self.columns.map { String(format: "%.6g", $0.value(step)) }
    try handle.write(contentsOf: Data(Self.line(["\(step.iteration)"] + values).utf8))
  }

  private static func line(_ fields: [String]) -> String { fields.joined(separator: ",") + "\n" }

  // MARK: Reading

  /// Reads the losses of the steps `iterations` from the log at `path`, skipping those that it does not contain.
  static func losses(of iterations: ClosedRange<Int>, path: String) -> [LossParts] {
    rows(path: path).filter { iterations.contains($0.iteration) }.compactMap(\.losses)
  }

  /// Reads the curves from the log at `path`: the total, and the groups of losses that are above 0 somewhere.
  static func curves(path: String) -> [LossCurve] {
    let rows = rows(path: path)
    let names = [("total", "total")] + LossGroup.allCases.map { ($0.rawValue, $0.shortName) }
    return names.compactMap { column, name in
      let points = rows.compactMap { row in
        row.fields[column].flatMap(Double.init).map { LossCurve.Point(step: row.iteration, value: $0) }
      }
      return points.contains { $0.value > 0 } ? LossCurve(name: name, points: points) : nil
    }
  }

  /// A line of a log.
  private struct Row {
    let iteration: Int
    /// The fields by the names of their columns.
    let fields: [String: String]

    /// The losses; nil if a field is not a number.
    ///
    /// What a group has beyond its losses with names of their own belongs to those without. Losses are added in the
    /// order of a step, so sums are the same.
    var losses: LossParts? {
      var parts = LossParts()
      for name in LossName.all {
        guard let field = fields[name.name] else { continue }
        guard var value = Double(field) else { return nil }
        if !name.isOwn {
          value -= LossName.reported(in: name.group).reduce(0) {
            $0 + (fields[$1.name].flatMap(Double.init) ?? 0)
          }
        }
        parts.add(value, to: name)
      }
      return parts
    }
  }

  /// The complete lines of the log at `path`; none if it cannot be read.
  private static func rows(path: String) -> [Row] {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    let lines = text.split(separator: "\n")
    guard let names = lines.first?.split(separator: ",").map(String.init) else { return [] }
    return lines.dropFirst().compactMap { line in
      let fields = line.split(separator: ",").map(String.init)
      guard fields.count == names.count, let iteration = fields.first.flatMap({ Int($0) }) else { return nil }
      return Row(iteration: iteration, fields: Dictionary(zip(names, fields)) { first, _ in first })
    }
  }
}
