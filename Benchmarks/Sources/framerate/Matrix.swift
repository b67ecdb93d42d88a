import ArgumentParser
import Console
import Foundation
import Measurement

/// Measures several points, each in its own process.
struct Matrix {
  let requests: [PointRequest]
  /// The options of each process besides network, size and threads.
  let options: [String]
  let isQuiet: Bool
  /// Whether to print each point as soon as it is measured.
  let showsTable: Bool
  let machine = Machine.current()

  /// Measures all points sequentially.
  func run(_ interrupt: InterruptFlag) throws -> [Point] {
    let progress = ProgressReporter(
      title: "Measuring", total: requests.count,
      units: ProgressReporter.Units(steps: "points", rate: "points/s"), mode: isQuiet ? .none : .bar)
    let table = FramerateTable()
    if showsTable { try StandardOutput.write(table.header + "\n") }
    var points: [Point] = []
    for (index, request) in requests.enumerated() {
      progress.update(completed: index, detail: request.title)
      let output = try ChildProcess.run(arguments(request))
      if let code = interrupt.exitCode { throw ExitCode(code) }
      let point = try JSONDecoder().decode(Point.self, from: output)
      points.append(point)
      if showsTable {
        ConsoleOutput.standardError.clearStatus()
        try StandardOutput.write(table.row(point, name: request.network.name) + "\n")
      }
    }
    progress.update(completed: requests.count)
    progress.finish()
    return points
  }

  private func arguments(_ request: PointRequest) -> [String] {
    let network = options.contains("--model") ? [] : ["--network", request.network.name]
    return network + ["--size", "\(request.size)", "--threads", String(request.threads)] + options
  }
}
