import FeatureInspection
import Foundation
import Imaging
import TestSupport
import Testing

@Suite struct InspectionPageTests {
  private let page: InspectionPage = {
    let map = FeatureMap(height: 2, width: 3, values: [0, 1, 2, 3, 4, 5]).picture
    let photo = Picture(tensor: syntheticImage(width: 60, height: 40, seed: 1))
    let channels = (0..<3).map {
      InspectionPage.Channel(
        name: "channel \($0)", detail: "mean \($0)", map: map, explanation: (photo, "what <it> saw"))
    }
    return InspectionPage(
      title: "A \"title\" & <more>", introduction: "It's here.", photo: photo,
      sections: [
        .init(name: "relu1_1", text: "First.", channels: channels),
        .init(name: "res1.add", text: "Second.", channels: channels),
        .init(name: "result", text: "Last.", pictures: [(photo, "a caption")]),
      ])
  }()

  /// The tags of `html` outside of style and script, in order.
  private func tags(of html: String) throws -> [(name: String, closes: Bool, text: String)] {
    var rest = html[...]
    var result: [(name: String, closes: Bool, text: String)] = []
    while let open = rest.firstIndex(of: "<"), let close = rest[open...].firstIndex(of: ">") {
      let text = String(rest[rest.index(after: open)..<close])
      let name = String(text.drop { $0 == "/" }.prefix { $0.isLetter || $0.isNumber || $0 == "!" })
      result.append((name, text.hasPrefix("/"), text))
      rest = rest[rest.index(after: close)...]
      if ["style", "script"].contains(name), !text.hasPrefix("/") {
        rest = rest[try #require(rest.range(of: "</\(name)>")).lowerBound...]
      }
    }
    return result
  }

  @Test func tagsAreNestedAndIdentifiersUnique() throws {
    let tags = try tags(of: page.html(for: "page.html"))
    var open: [String] = []
    for tag in tags where !["!doctype", "meta", "img"].contains(tag.name) {
      if tag.closes {
        #expect(open.popLast() == tag.name, "\(tag.text)")
      } else {
        open.append(tag.name)
      }
    }
    #expect(open.isEmpty)
    let identifiers = tags.compactMap { $0.text.firstMatch(of: /\bid="([^"]*)"/)?.1 }
    #expect(identifiers.count == 6 && Set(identifiers).count == 6)
    let targets = tags.compactMap { $0.text.firstMatch(of: /\bhref="#([^"]*)"/)?.1 }
    #expect(targets.count == 3 && targets.allSatisfy(identifiers.contains))
  }

  @Test func sectionsOfTheSameNameHaveTheirOwnIdentifiers() throws {
    var page = page
    page.sections = ["a.b", "a-b", "a b"].map { .init(name: $0, text: "") }
    let html = try page.html(for: "page.html")
    for identifier in ["layer-a-b", "layer-a-b-2", "layer-a-b-3"] {
      #expect(html.ranges(of: "<section id=\"\(identifier)\"").count == 1, "\(identifier)")
      #expect(html.ranges(of: "<a href=\"#\(identifier)\"").count == 1, "\(identifier)")
    }
  }

  @Test func numbersAreShort() {
    let values: [Float] = [0, 3.254, -12.34, 107.4, 12_345, 3e38, .infinity, -.infinity]
    let texts = ["0.0", "3.25", "-12.3", "107", "12k", "3e+38", "inf", "-inf"]
    #expect(values.map(InspectionLayout.short) == texts)
    #expect(InspectionLayout.short(.nan) == "nan")
  }

  @Test func thePageNeedsNothingElse() throws {
    let html = try page.html(for: "page.html")
    for tag in try tags(of: html) where tag.name == "img" {
      #expect(tag.text.contains(/src="data:image\/(png|jpeg);base64,[A-Za-z0-9+\/=]+"/))
      #expect(tag.text.contains(/alt="[^"]+"/), "a picture without a description")
    }
    for word in ["http:", "https:", "//cdn", "@import", "src=\"/", "href=\"/", "fetch("] {
      #expect(!html.contains(word), "\(word)")
    }
    #expect(html.contains("prefers-color-scheme: dark") && html.contains("ArrowRight"))
    // The photo is in the page once, however many channels lie over it.
    #expect(html.ranges(of: "--photo: url(").count == 1)
  }

  @Test func textsAreEscaped() throws {
    let html = try page.html(for: "page.html")
    #expect(html.contains("<h1>A &quot;title&quot; &amp; &lt;more&gt;</h1>"))
    #expect(!html.contains("<it>") && !html.contains("<more>"))
  }

  @Test func picturesSurvive() throws {
    let html = try page.html(for: "page.html")
    let match = try #require(html.firstMatch(of: /class="map" src="data:image\/png;base64,([^"]+)"/))
    let bytes = try #require(Data(base64Encoded: String(match.1)))
    let folder = try TemporaryFolder()
    try folder.write(Array(bytes), to: "map.png")
    #expect(try PictureFile.read(folder.file("map.png")) == page.sections[0].channels[0].map)
  }
}
