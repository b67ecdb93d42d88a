import Foundation
import Imaging

/// A report on styles as a web page, in one file that needs nothing else: pictures are data URLs, and curves are SVG.
package struct ReportPage {
  /// A part of the page.
  package struct Section {
    /// The heading.
    package var title: String
    /// The HTML below it.
    package var body: String
  }

  /// A cell of a table.
  package enum Cell {
    /// Words.
    case text(String)
    /// A number in words, or a dash for nil.
    case number(String?)
  }

  /// The title.
  package var title: String
  /// The sentences below the title.
  package var introduction: String
  /// The parts, from top to bottom.
  package private(set) var sections: [Section] = []
  /// The file that errors name.
  private let path: String

  /// Creates an empty page for the file at `path`.
  package init(title: String, introduction: String, path: String) {
    self.title = title
    self.introduction = introduction
    self.path = path
  }

  /// The page as HTML.
  package var html: String {
    func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
    var html = """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(HTML.escaped(title))</title>
      <style>
      \(text(PackageResources.report_css))</style>
      </head>
      <body>
      <header>
      <h1>\(HTML.escaped(title))</h1>
      <p>\(HTML.withCode(introduction))</p>
      </header>
      <main>

      """
    for (index, section) in sections.enumerated() {
      html += """
        <section aria-labelledby="part-\(index)">
        <h2 id="part-\(index)">\(HTML.escaped(section.title))</h2>
        \(section.body)</section>

        """
    }
    return html + "</main>\n<script>\n\(text(PackageResources.report_js))</script>\n</body>\n</html>\n"
  }

  /// Adds a part. Parts without a body are left out.
  package mutating func add(_ title: String, _ body: String...) {
    let body = body.joined()
    if !body.isEmpty { sections.append(Section(title: title, body: body)) }
  }

  // MARK: Pieces

  /// Returns a paragraph.
  package func paragraph(_ text: String) -> String { "<p>\(HTML.withCode(text))</p>\n" }

  /// Returns pictures with captions, side by side as far as they fit.
  ///
  /// - Throws: `PictureError` if a picture cannot be encoded.
  package func pictures(_ pictures: [(picture: Picture, caption: String)], isWide: Bool = false) throws -> String {
    guard !pictures.isEmpty else { return "" }
    let items = try pictures.map { "<li>\(try figure($0.picture, $0.caption))</li>\n" }.joined()
    return "<ul class=\"pictures\(isWide ? " isWide" : "")\">\n\(items)</ul>\n"
  }

  private func figure(_ picture: Picture, _ caption: String) throws -> String {
    """
    <figure><img src="\(try HTML.dataURL(picture, .jpeg, for: path))" alt="\(HTML.escaped(caption))" \
    width="\(picture.width)" height="\(picture.height)"><figcaption>\(HTML.escaped(caption))</figcaption></figure>
    """
  }

  /// Returns two pictures of one size on top of each other, with a slider between them.
  ///
  /// - Throws: `PictureError` if a picture cannot be encoded.
  package func comparison(before: Picture, after: Picture, caption: String) throws -> String {
    let label = HTML.escaped(caption)
    return """
      <figure class="compare" role="group" aria-label="\(label)">
      <div class="stage"><img src="\(try HTML.dataURL(before, .jpeg, for: path))" alt="The original" \
      width="\(before.width)" height="\(before.height)"><img src="\(try HTML.dataURL(after, .jpeg, for: path))" \
      alt="The painted picture" width="\(after.width)" height="\(after.height)"></div>
      <label>\(label): original on the left, painted on the right\
      <input type="range" min="0" max="100" value="50"></label>
      </figure>

      """
  }

  /// Returns a table. Each row begins with its name.
  package func table(header: [String], rows: [(name: String, cells: [Cell])]) -> String {
    guard !rows.isEmpty else { return "" }
    var html = "<div class=\"scroller\" tabindex=\"0\" role=\"region\" aria-label=\"Table\"><table>\n"
    if !header.isEmpty {
      let isNumber = (rows.first?.cells ?? []).map { if case .number = $0 { true } else { false } }
      html += "<thead><tr>"
      for (index, name) in header.enumerated() {
        let isRight = index > 0 && index <= isNumber.count && isNumber[index - 1]
        html += "<th scope=\"col\"\(isRight ? " class=\"number\"" : "")>\(HTML.escaped(name))</th>"
      }
      html += "</tr></thead>\n"
    }
    html += "<tbody>\n"
    for row in rows {
      html += "<tr><th scope=\"row\">\(HTML.escaped(row.name))</th>"
      for cell in row.cells {
        switch cell {
        case .text(let text): html += "<td>\(HTML.withCode(text))</td>"
        case .number(let text): html += "<td class=\"number\">\(HTML.escaped(text ?? "–"))</td>"
        }
      }
      html += "</tr>\n"
    }
    return html + "</tbody></table></div>\n"
  }
}
