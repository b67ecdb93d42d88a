import Foundation
import Measurement

/// Formats points as lines of text.
struct FramerateTable {
  private let table = TextTable([
    .init("network", width: 12, isText: true), .init("size", width: 9, isText: true), .init("threads"),
    .init("fps", width: 6), .init("p50 ms", width: 7), .init("p95 ms", width: 7), .init("p99 ms", width: 7),
    .init("GMAC/s", width: 7), .init("of peak", width: 7), .init("parallel fps"), .init("video fps", width: 7),
    .init("p50 ms", width: 7),
    .init("p95 ms", width: 7), .init("p99 ms", width: 7), .init("memory MB", width: 7),
  ])

  var header: String { table.header }

  func row(_ point: Point, name: String) -> String {
    let (inference, video) = (point.inference, point.endToEnd)
    return table.row([
      name, NamedSize.name(point.size), String(point.threads), inference.fps.threeDigits, inference.p50Ms.threeDigits,
      inference.p95Ms.threeDigits, inference.p99Ms.threeDigits, inference.gmacPerSecond.threeDigits,
      inference.peakShare.percentage, point.parallel?.fps.threeDigits ?? "", video?.fps.threeDigits ?? "",
      video?.p50Ms.threeDigits ?? "",
      video?.p95Ms.threeDigits ?? "", video?.p99Ms.threeDigits ?? "", String(Int(point.peakMemoryMB.rounded())),
    ])
  }

  /// Returns one line for each step of a plan, with its share of the total.
  static func text(of steps: [Point.Step]) -> String {
    let total = steps.reduce(0) { $0 + $1.ms }
    let table = TextTable([
      .init("step", width: max(30, steps.map(\.name.count).max() ?? 0), isText: true), .init("ms", width: 7),
      .init("share", width: 5),
    ])
    let rows = steps.map { table.row([$0.name, $0.ms.threeDigits, ($0.ms / total).percentage]) }
    return ([table.header] + rows + [table.row(["sum", total.threeDigits])]).joined(separator: "\n") + "\n"
  }
}
