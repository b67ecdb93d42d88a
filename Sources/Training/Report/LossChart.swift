import Foundation

/// A curve of a loss over the steps of a training.
package struct LossCurve: Equatable, Sendable {
  /// What the loss is called.
  package var name: String
  /// The values by their steps, in ascending order.
  package var points: [Point]

  /// A value at a step.
  package struct Point: Equatable, Sendable {
    /// The step, from 1.
    package var step: Int
    /// The loss.
    package var value: Double

    /// Creates a point.
    package init(step: Int, value: Double) {
      self.step = step
      self.value = value
    }
  }

  /// Creates a curve.
  package init(name: String, points: [Point]) {
    self.name = name
    self.points = points
  }

  /// Reads the curves from the log of a training at `path`: the total, and the groups of losses that are above 0
  /// somewhere. There are none if the log cannot be read.
  package static func read(log path: String) -> [LossCurve] { LossLog.curves(path: path) }

  /// Returns the curve with at most `count` points, each the mean of as many steps in a row. Single steps differ so
  /// much, because each has other photos, that they hide the course.
  package func averaged(count: Int) -> LossCurve {
    let size = max(1, (points.count + count - 1) / max(1, count))
    var result = self
    result.points = stride(from: 0, to: points.count, by: size).map { first in
      let part = points[first..<min(points.count, first + size)]
      return Point(
        step: part.reduce(0) { $0 + $1.step } / part.count,
        value: part.reduce(0) { $0 + $1.value } / Double(part.count))
    }
    return result
  }
}

/// Curves of losses as SVG, over a logarithmic axis.
package struct LossChart {
  private static let (width, height) = (400.0, 250.0)
  /// The space for numbers: left, top, right, bottom.
  private static let margin = (left: 48.0, top: 10.0, right: 10.0, bottom: 34.0)
  /// The points of a curve: about one for each unit of the width.
  private static let pointCount = 240
  /// The series that the style sheet tells apart.
  static let maximumSeries = 5

  private let curves: [LossCurve]
  private let steps: ClosedRange<Double>
  private let logarithms: ClosedRange<Double>
  /// A step at which another part of the training begins, and its name.
  private let mark: (step: Int, name: String)?

  /// Creates a chart; nil if there are fewer than two points above 0.
  package init?(_ curves: [LossCurve], mark: (step: Int, name: String)? = nil) {
    let shown = curves.prefix(Self.maximumSeries).map { curve in
      var curve = curve.averaged(count: Self.pointCount)
      curve.points.removeAll { !($0.value > 0) || !$0.value.isFinite }
      return curve
    }.filter { $0.points.count > 1 }
    let points = shown.flatMap(\.points)
    guard let first = points.map(\.step).min(), let last = points.map(\.step).max(), first < last,
      let low = points.map(\.value).min(), let high = points.map(\.value).max()
    else { return nil }
    self.curves = shown
    self.mark = mark.flatMap { (first...last).contains($0.step) ? $0 : nil }
    steps = Double(first)...Double(last)
    let (bottom, top) = (log10(low), log10(high))
    // Half a decade at least, so that noise does not look like a trend.
    let slack = max(0.04 * (top - bottom), (0.5 - (top - bottom)) / 2)
    logarithms = bottom - slack...top + slack
  }

  private func x(_ step: Double) -> Double {
    let share = (step - steps.lowerBound) / (steps.upperBound - steps.lowerBound)
    return Self.margin.left + share * (Self.width - Self.margin.left - Self.margin.right)
  }

  private func y(_ value: Double) -> Double {
    let share = (log10(value) - logarithms.lowerBound) / (logarithms.upperBound - logarithms.lowerBound)
    return Self.height - Self.margin.bottom - share * (Self.height - Self.margin.top - Self.margin.bottom)
  }

  /// The values with a line: 1, 2 and 5 of each decade, or only 1 where that would be many.
  private var valueTicks: [Double] {
    let decades = Int(logarithms.lowerBound.rounded(.down))...Int(logarithms.upperBound.rounded(.up))
    let factors: [Double] = decades.count > 4 ? [1] : [1, 2, 5]
    return decades.flatMap { decade in factors.map { $0 * pow(10, Double(decade)) } }
      .filter { logarithms.contains(log10($0)) }
  }

  /// At most five round steps.
  private var stepTicks: [Int] {
    let extent = steps.upperBound - steps.lowerBound
    let decade = pow(10, log10(extent / 4).rounded(.down))
    let interval = max(1, Int([1, 2, 5, 10].map { $0 * decade }.first { extent / $0 <= 4 } ?? extent))
    let first = (Int(steps.lowerBound) + interval - 1) / interval * interval
    return Array(stride(from: first, through: Int(steps.upperBound), by: interval))
  }

  static func number(_ value: Double) -> String { String(format: "%.3g", value) }

  /// The chart with a legend, and its numbers as a table for those who do not see it.
  package func html(on page: ReportPage) -> String {
    let names = curves.map(\.name).joined(separator: ", ")
    var svg = """
      <div class="chart">
      <svg viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" role="img" \
      aria-label="\(HTML.escaped("The losses over the steps of the training: \(names). The table below has the numbers."))">

      """
    let (left, right) = (Self.margin.left, Self.width - Self.margin.right)
    let bottom = Self.height - Self.margin.bottom
    for value in valueTicks {
      svg += Self.line(left, y(value), right, y(value))
      svg += Self.text(Self.number(value), left - 5, y(value) + 4, anchor: "end")
    }
    for step in stepTicks { svg += Self.text("\(step)", x(Double(step)), bottom + 15, anchor: "middle") }
    svg += Self.text("steps", right, Self.height - 4, anchor: "end")
    if let mark {
      let place = x(Double(mark.step))
      svg += Self.line(place, Self.margin.top, place, bottom)
      let isLate = place > (left + right) / 2
      svg += Self.text(
        mark.name, place + (isLate ? -4 : 4), Self.margin.top + 10, anchor: isLate ? "end" : "start")
    }
    for (index, curve) in curves.enumerated() {
      let points = curve.points.map { String(format: "%.1f,%.1f", x(Double($0.step)), y($0.value)) }
      svg += "<polyline class=\"series s\(index)\" points=\"\(points.joined(separator: " "))\"/>\n"
    }
    svg += "</svg>\n<ul class=\"legend\" aria-hidden=\"true\">\n"
    for (index, curve) in curves.enumerated() {
      svg += """
        <li><svg viewBox="0 0 36 12"><line class="series s\(index)" x1="0" y1="6" x2="36" y2="6"/></svg>\
        \(HTML.escaped(curve.name))</li>

        """
    }
    return svg + "</ul>\n</div>\n<details><summary>The numbers</summary>\n\(table(on: page))</details>\n"
  }

  /// The curves at ten places.
  private func table(on page: ReportPage) -> String {
    let parts = curves.map { $0.averaged(count: 10) }
    let steps = parts.max { $0.points.count < $1.points.count }?.points.map(\.step) ?? []
    let rows = steps.indices.map { index in
      (
        name: "\(steps[index])",
        cells: parts.map { part in
          ReportPage.Cell.number(part.points.indices.contains(index) ? Self.number(part.points[index].value) : nil)
        }
      )
    }
    return page.table(header: ["step"] + curves.map(\.name), rows: rows)
  }

  private static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> String {
    String(format: "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", x1, y1, x2, y2)
  }

  private static func text(_ text: String, _ x: Double, _ y: Double, anchor: String) -> String {
    String(format: "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"", x, y) + "\(anchor)\">\(HTML.escaped(text))</text>\n"
  }
}
