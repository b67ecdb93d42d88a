import Foundation

/// The losses of a run in a CSV file, one line per step.
///
/// A resumed run first removes the lines after the checkpoint's iteration and then appends.
final class LossLog {
  private static let header =
    "iteration,total,content,style,relu1_2,relu2_2,relu3_3,relu4_3,palette,total_variation,temporal,learning_rate\n"
  private let handle: FileHandle
  /// The losses of the last steps before the resumption, at most as many as the initializer asks for.
  let recent: [LossParts]

  /// Opens the log at `path` for a run that has completed `iteration` steps, and reads the losses of the last
  /// `recentSteps` of them.
  init(path: String, iteration: Int, recentSteps: Int) throws {
    var kept = Self.header
    var losses: [LossParts] = []
    if iteration > 0, let text = try? String(contentsOfFile: path, encoding: .utf8) {
      for line in text.split(separator: "\n").dropFirst() {
        guard let number = line.split(separator: ",").first.flatMap({ Int($0) }), number <= iteration else { continue }
        kept += line + "\n"
        if number > iteration - recentSteps, let parts = Self.losses(line) { losses.append(parts) }
      }
    }
    recent = losses
    try kept.write(toFile: path, atomically: true, encoding: .utf8)
    handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    try handle.seekToEnd()
  }

  deinit { try? handle.close() }

  /// Reads the losses of the steps `iterations` from the log at `path`, skipping those that it does not contain.
  static func losses(of iterations: ClosedRange<Int>, path: String) -> [LossParts] {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap { line in
      guard let number = line.split(separator: ",").first.flatMap({ Int($0) }), iterations.contains(number) else {
        return nil
      }
      return losses(line)
    }
  }

  private static func losses(_ line: Substring) -> LossParts? {
    let values = line.split(separator: ",").compactMap { Double($0) }
    let layers = VGG16Layer.styles
    guard values.count == 8 + layers.count else { return nil }
    var parts = LossParts(
      content: values[2], styleLayers: Dictionary(uniqueKeysWithValues: zip(layers, values[4...])),
      palette: values[4 + layers.count], totalVariation: values[5 + layers.count])
    parts.temporal = values[6 + layers.count]
    return parts
  }

  func append(_ step: StyleTrainer.Step) throws {
    let losses = step.losses
    let values =
      [losses.total, losses.content, losses.style] + VGG16Layer.styles.map { losses.styleLayers[$0] ?? 0 }
      + [losses.palette, losses.totalVariation, losses.temporal]
    let columns = values.map { String(format: "%.6g", $0) } + [String(format: "%.6g", step.learningRate)]
    try handle.write(contentsOf: Data("\(step.iteration),\(columns.joined(separator: ","))\n".utf8))
  }
}
