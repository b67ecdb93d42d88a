import Foundation
import FoundationXML
import Testing

import Measurement

@Suite struct BarChartTests {
  @Test(arguments: [
    ([3.0, 40], 0...2), ([1, 10], 0...1), ([0.5], -1...0), ([100], 2...3), ([], 0...1), ([0, -1], 0...1),
  ])
  func scaleHoldsAllValues(values: [Double], expected: ClosedRange<Int>) {
    #expect(BarChart.scale(of: values) == expected)
  }

  @Test func documentIsWellFormedAndContainsEveryBar() throws {
    let chart = BarChart(
      title: "A < B & C", subtitle: "machine", series: ["one", "two"],
      panels: [
        .init(
          title: "1 thread",
          groups: [
            .init(label: "360p", bars: [.init(value: 12.5, mark: 10), .init(value: 30)]),
            .init(label: "720p", bars: [nil, .init(value: 7)]),
          ])
      ])
    let document = Reader()
    let parser = XMLParser(data: Data(chart.svg.utf8))
    parser.delegate = document
    #expect(parser.parse())
    // The background, three bars, two squares of the legend.
    #expect(document.elements["rect"] == 6)
    for label in ["A < B & C", "360p", "720p", "12.5", "30.0", "7.00", "one", "two", "1 thread"] {
      #expect(document.texts.contains(label), "\(label)")
    }
  }

  private final class Reader: NSObject, XMLParserDelegate {
    var elements: [String: Int] = [:]
    var texts: [String] = []
    private var text = ""

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
      attributes: [String: String]
    ) {
      elements[name, default: 0] += 1
      text = ""
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
      if name == "text" { texts.append(text) }
    }
  }
}
