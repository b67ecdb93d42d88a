import Foundation
import Imaging
import Testing
import Training

@Suite struct ReportPageTests {
  private func picture(_ level: UInt8) -> Picture {
    Picture(width: 32, height: 24, red: level, green: level, blue: level)
  }

  private let stability: TemporalReport

  init() throws {
    let part = #"{"output":4.25,"input":1.5}"#
    let parts = ["pan", "subpixel", "zoom", "rotation", "warping", "still"].map { #""\#($0)":\#(part)"# }
    stability = try JSONDecoder().decode(
      TemporalReport.self, from: Data("{\(parts.joined(separator: ","))}".utf8))
  }

  private let likeness = Likeness(
    fine: 80, stroke: 70, form: 60, content: 0.655, contrast: 1.1, chroma: 0.9, highFrequency: 1)

  /// Checks that a page is complete in itself and that each tag is closed.
  private func check(_ html: String) throws {
    #expect(html.hasPrefix("<!doctype html>") && html.hasSuffix("</html>\n"))
    for word in ["http://", "https://", "src=\"/", "@import", "<link"] { #expect(!html.contains(word), "\(word)") }
    for tag in [
      "section", "figure", "table", "ul", "li", "svg", "details", "label", "main", "header", "tr", "td", "th",
    ] {
      let opened = html.components(separatedBy: "<\(tag)>").count + html.components(separatedBy: "<\(tag) ").count - 2
      #expect(opened == html.components(separatedBy: "</\(tag)>").count - 1, "\(tag)")
    }
    for image in html.components(separatedBy: "<img ").dropFirst() {
      let attributes = image.split(separator: ">", maxSplits: 1).first ?? ""
      #expect(attributes.hasPrefix("src=\"data:image/jpeg;base64,") && attributes.contains(" alt=\""))
    }
  }

  @Test func textIsEscaped() throws {
    #expect(HTML.escaped("a < b & \"c\" > d") == "a &lt; b &amp; &quot;c&quot; &gt; d")
    #expect(HTML.withCode("the file `a<b` here") == "the file <code>a&lt;b</code> here")
    #expect(HTML.withCode("one ` alone") == "one ` alone")
    var page = ReportPage(title: "<script>", introduction: "`x`", path: "a.html")
    page.add("A & B", page.paragraph("<b>"), page.table(header: ["", "<n>"], rows: [("<r>", [.number(nil)])]))
    page.add("left out", "")
    let html = page.html
    try check(html)
    #expect(html.contains("<title>&lt;script&gt;</title>") && html.contains("<p>&lt;b&gt;</p>"))
    #expect(html.contains("A &amp; B") && html.contains("&lt;r&gt;") && !html.contains("left out"))
  }

  @Test func aComparisonShowsWhatIsKnown() throws {
    let entries = [
      StyleComparison.Entry(
        name: "starry", network: "realtime", parameters: 1234, painting: picture(9), painted: [picture(1), picture(2)],
        stability: stability,
        likeness: .init(photos: .init(count: 50, list: nil), sizes: [.init(lines: 720, mean: likeness)])),
      StyleComparison.Entry(
        name: "wave", network: "quality", parameters: 99, painting: nil, painted: [picture(3), picture(4)],
        stability: stability, likeness: nil),
    ]
    let html = try StyleComparison.html(
      entries, photos: [("a.jpg", picture(5)), ("b.jpg", picture(6))], lines: 360, path: "a.html")
    try check(html)
    for text in ["2 styles compared", "70.0", "0.655", "4.25", "1234", "wave</code> has no measured likeness"] {
      #expect(html.contains(text), "\(text)")
    }
    // Two photos with an original and two styles each, two comparisons of two pictures, and one painting.
    #expect(html.components(separatedBy: "<img ").count - 1 == 2 * 3 + 2 * 2 + 1)
  }

  @Test func previewsAreSpreadEvenly() {
    #expect(TrainingReport.chosenIndices(0) == [] && TrainingReport.chosenIndices(3) == [0, 1, 2])
    let many = TrainingReport.chosenIndices(100)
    #expect(many.count == 8 && many.first == 0 && many.last == 99)
    #expect(zip(many, many.dropFirst()).allSatisfy { (14...15).contains($1 - $0) })
  }
}
