import Files
import Measurement

/// The chart of a report: a panel for each number of threads, a group of bars for each size, a bar for each network.
struct FramerateChart {
  private let chart: BarChart

  init(_ report: Report) {
    func label(_ point: Point) -> String {
      point.width == 1 ? point.network : "\(point.network), width \(point.width)"
    }
    let points = report.points
    let sizes = points.map(\.size).uniqued()
    let series = points.map(label).uniqued()
    let panels = points.map(\.threads).uniqued().map { threads in
      BarChart.Panel(
        title: threads == 1 ? "1 thread" : "\(threads) threads",
        groups: sizes.map { size in
          BarChart.Group(
            label: NamedSize.name(size),
            bars: series.map { name in
              let point = points.first { $0.threads == threads && $0.size == size && label($0) == name }
              return point.map { BarChart.Bar(value: $0.inference.fps, mark: $0.endToEnd?.fps) }
            })
        })
    }
    let hasVideo = points.contains { $0.endToEnd != nil }
    chart = BarChart(
      title: "Frames per second",
      subtitle: report.machine.processor + (hasVideo ? "; dark line: decoding and encoding included" : ""),
      series: series, panels: panels)
  }

  /// Writes the SVG file atomically.
  ///
  /// - Throws: `FileError` if the file cannot be written.
  func write(to path: String) throws {
    let file = try AtomicFile(path: path)
    try file.write(Array(chart.svg.utf8))
    try file.commit()
  }
}

extension Array where Element: Hashable {
  /// Returns the elements without duplicates, in the order of their first occurrence.
  fileprivate func uniqued() -> [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
