import Foundation

/// A grouped bar chart with a logarithmic axis, as SVG.
public struct BarChart: Sendable {
  /// A bar. `mark` is a second value, drawn as a line across it.
  public struct Bar: Sendable {
    let value: Double
    let mark: Double?

    /// Creates a bar of a positive value.
    public init(value: Double, mark: Double? = nil) {
      self.value = value
      self.mark = mark
    }
  }

  /// Neighbouring bars, one for each series; nil leaves a gap.
  public struct Group: Sendable {
    let label: String
    let bars: [Bar?]

    /// Creates a group with a label.
    public init(label: String, bars: [Bar?]) {
      self.label = label
      self.bars = bars
    }
  }

  /// Groups with their own axes.
  public struct Panel: Sendable {
    let title: String
    let groups: [Group]

    /// Creates a panel with a title.
    public init(title: String, groups: [Group]) {
      self.title = title
      self.groups = groups
    }
  }

  private static let colors = ["#2f6f9f", "#e08a3c", "#5a9e5d", "#b0475f", "#7d68a8", "#8c8c8c"]
  private static let (panelHeight, barWidth, groupGap, left, top) = (240.0, 26.0, 28.0, 54.0, 64.0)

  private let title: String
  private let subtitle: String
  private let series: [String]
  private let panels: [Panel]

  /// Creates a chart. All panels share one scale.
  public init(title: String, subtitle: String, series: [String], panels: [Panel]) {
    self.title = title
    self.subtitle = subtitle
    self.series = series
    self.panels = panels
  }

  /// Returns the powers of ten that enclose all positive values.
  public static func scale(of values: [Double]) -> ClosedRange<Int> {
    let exponents = values.filter { $0 > 0 && $0.isFinite }.map(log10)
    guard let low = exponents.min(), let high = exponents.max() else { return 0...1 }
    let bottom = Int(floor(low))
    return bottom...max(bottom + 1, Int(ceil(high)))
  }

  /// The chart as an SVG document.
  public var svg: String {
    let bars = panels.flatMap { $0.groups.flatMap { $0.bars.compactMap(\.self) } }
    let scale = Self.scale(of: bars.flatMap { [$0.value] + ($0.mark.map { [$0] } ?? []) })
    let groupWidth = Double(series.count) * Self.barWidth + Self.groupGap
    let plotWidth = Double(panels.map(\.groups.count).max() ?? 1) * groupWidth
    let width = max(Self.left + plotWidth + 20, 420)
    let height = Self.top + Double(panels.count) * (Self.panelHeight + 60) + 24
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(number(width))\" height=\"\(number(height))\" "
        + "viewBox=\"0 0 \(number(width)) \(number(height))\" font-family=\"sans-serif\" font-size=\"12\">",
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
      text(Self.left, 24, title, extra: "font-size=\"16\" font-weight=\"bold\""),
      text(Self.left, 42, subtitle, extra: "fill=\"#555\""),
    ]
    for (index, panel) in panels.enumerated() {
      let y = Self.top + Double(index) * (Self.panelHeight + 60) + 24
      lines += draw(panel, y: y, scale: scale, groupWidth: groupWidth, plotWidth: plotWidth)
    }
    var x = Self.left
    for (index, name) in series.enumerated() {
      let color = Self.colors[index % Self.colors.count]
      lines.append(rectangle(x, height - 20, 12, 12, color))
      lines.append(text(x + 18, height - 10, name))
      x += 40 + 7 * Double(name.count)
    }
    return (lines + ["</svg>"]).joined(separator: "\n") + "\n"
  }

  private func draw(
    _ panel: Panel, y: Double, scale: ClosedRange<Int>, groupWidth: Double, plotWidth: Double
  ) -> [String] {
    let bottom = y + Self.panelHeight
    func position(_ value: Double) -> Double {
      let share = (log10(value) - Double(scale.lowerBound)) / Double(scale.upperBound - scale.lowerBound)
      return bottom - Self.panelHeight * min(1, max(0, share))
    }
    var lines = [text(Self.left, y - 8, panel.title, extra: "font-weight=\"bold\"")]
    for exponent in scale {
      for factor in [1.0, 2, 5] where exponent < scale.upperBound || factor == 1 {
        let value = factor * pow(10, Double(exponent))
        lines.append(
          line(Self.left, position(value), Self.left + plotWidth, position(value), factor == 1 ? "#aaa" : "#e4e4e4"))
        lines.append(
          text(Self.left - 6, position(value) + 4, value.threeDigits.trimmedZeros, extra: "text-anchor=\"end\""))
      }
    }
    for (number, group) in panel.groups.enumerated() {
      let start = Self.left + Double(number) * groupWidth + Self.groupGap / 2
      for (index, bar) in group.bars.enumerated() {
        guard let bar, bar.value > 0 else { continue }
        let (x, peak) = (start + Double(index) * Self.barWidth, position(bar.value))
        let top = min(peak, bar.mark.map(position) ?? peak)
        lines.append(rectangle(x, peak, Self.barWidth - 3, bottom - peak, Self.colors[index % Self.colors.count]))
        lines.append(
          text(
            x + Self.barWidth / 2 - 1.5, top - 4, bar.value.threeDigits, extra: "text-anchor=\"middle\" font-size=\"9\""
          ))
        if let mark = bar.mark, mark > 0 {
          lines.append(line(x, position(mark), x + Self.barWidth - 3, position(mark), "#222", width: 2))
        }
      }
      let center = start + (groupWidth - Self.groupGap) / 2
      lines.append(text(center, bottom + 16, group.label, extra: "text-anchor=\"middle\""))
    }
    return lines
  }

  // MARK: Elements

  private func number(_ value: Double) -> String { String(format: "%.5g", value) }

  private func text(_ x: Double, _ y: Double, _ content: String, extra: String = "") -> String {
    let escaped = content.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
    return "<text x=\"\(number(x))\" y=\"\(number(y))\" \(extra)>\(escaped)</text>"
  }

  private func rectangle(_ x: Double, _ y: Double, _ width: Double, _ height: Double, _ color: String) -> String {
    "<rect x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(width))\" height=\"\(number(height))\" fill=\"\(color)\"/>"
  }

  private func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ color: String, width: Double = 1
  ) -> String {
    "<line x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\" stroke=\"\(color)\" "
      + "stroke-width=\"\(number(width))\"/>"
  }
}

extension String {
  /// The number without trailing zeros: `0.1` for `0.100`.
  fileprivate var trimmedZeros: String {
    guard contains(".") else { return self }
    let short = String(reversed().drop { $0 == "0" }.reversed())
    return short.hasSuffix(".") ? String(short.dropLast()) : short
  }
}
