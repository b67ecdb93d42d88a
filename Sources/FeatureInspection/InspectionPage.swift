import Imaging
import Training

/// A page to walk through the layers of a network, in one file that needs nothing else.
///
/// Pictures are data URLs, and the photo is in the page once. Without scripts the layers stand one below the other.
package struct InspectionPage {
  /// A channel with its pictures.
  package struct Channel {
    /// The name, such as `channel 107`.
    package var name: String
    /// What is written below the name.
    package var detail: String
    /// The map of the channel, in its own size.
    package var map: Picture
    /// The picture that explains the channel, and what it shows.
    package var explanation: (picture: Picture, description: String)

    /// Creates a channel.
    package init(name: String, detail: String, map: Picture, explanation: (picture: Picture, description: String)) {
      self.name = name
      self.detail = detail
      self.map = map
      self.explanation = explanation
    }
  }

  /// A layer.
  package struct Section {
    /// The name in the list of layers, such as `relu3_3`.
    package var name: String
    /// The sentences above the pictures.
    package var text: String
    /// The channels; empty for a section of plain pictures.
    package var channels: [Channel]
    /// Plain pictures with captions.
    package var pictures: [(picture: Picture, caption: String)]

    /// Creates a section.
    package init(
      name: String, text: String, channels: [Channel] = [], pictures: [(picture: Picture, caption: String)] = []
    ) {
      self.name = name
      self.text = text
      self.channels = channels
      self.pictures = pictures
    }
  }

  /// The title.
  package var title: String
  /// The sentences below the title.
  package var introduction: String
  /// The photo over which maps are laid.
  package var photo: Picture
  /// The layers, in the order of the network.
  package var sections: [Section]

  /// Creates a page.
  package init(title: String, introduction: String, photo: Picture, sections: [Section]) {
    self.title = title
    self.introduction = introduction
    self.photo = photo
    self.sections = sections
  }

  /// Returns the page as HTML.
  ///
  /// - Parameter path: The file that errors name.
  /// - Throws: `PictureError` if a picture cannot be encoded.
  package func html(for path: String) throws -> String {
    func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
    var html = """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(HTML.escaped(title))</title>
      <style>
      \(text(PackageResources.inspection_css))
      :root { --photo: url("\(try HTML.dataURL(photo, .jpeg, for: path))"); }
      </style>
      </head>
      <body>
      <header>
      <h1>\(HTML.escaped(title))</h1>
      <p>\(HTML.escaped(introduction))</p>
      <p class="key">Keys: left and right walk through the layers, up and down through the channels, P shows the photo alone.</p>
      </header>
      <nav aria-label="Layers"><ol>

      """
    let identifiers = identifiers
    for (section, identifier) in zip(sections, identifiers) {
      html += "<li><a href=\"#\(identifier)\">\(HTML.escaped(section.name))</a></li>\n"
    }
    html += "</ol></nav>\n<main>\n"
    for (section, identifier) in zip(sections, identifiers) { html += try self.html(of: section, identifier, path) }
    html += "</main>\n<script>\n\(text(PackageResources.inspection_js))</script>\n</body>\n</html>\n"
    return html
  }

  private func html(of section: Section, _ identifier: String, _ path: String) throws -> String {
    var html = """
      <section id="\(identifier)" aria-labelledby="\(identifier)-title">
      <h2 id="\(identifier)-title">\(HTML.escaped(section.name))</h2>
      <p>\(HTML.escaped(section.text))</p>

      """
    let channels = try section.channels.map { channel in
      (
        channel, map: try image(channel.map, "map", "Where \(channel.name) of \(section.name) fires", path),
        detail: try image(channel.explanation.picture, "detail", channel.explanation.description, path)
      )
    }
    if let first = channels.first {
      html += """
        <div class="views">
        <figure class="stage" role="group" aria-label="The photo where the chosen channel fires">\(first.map)</figure>
        <div class="note" aria-live="polite">\(first.detail)<p>\(HTML.escaped(note(first.0)))</p></div>
        </div>
        <ul class="channels">

        """
      for (index, (channel, map, detail)) in channels.enumerated() {
        html += """
          <li><button type="button" aria-pressed="\(index == 0)" data-note="\(HTML.escaped(note(channel)))">\
          \(map)\(detail)\(HTML.escaped(channel.name))<small>\(HTML.escaped(channel.detail))</small></button></li>

          """
      }
      html += "</ul>\n"
    }
    for (picture, caption) in section.pictures {
      html += """
        <figure class="row"><img src="\(try HTML.dataURL(picture, .jpeg, for: path))" alt="\(HTML.escaped(caption))">\
        <figcaption>\(HTML.escaped(caption))</figcaption></figure>

        """
    }
    return html + "</section>\n"
  }

  private func note(_ channel: Channel) -> String {
    "\(channel.name), \(channel.detail). \(channel.explanation.description)."
  }

  private func image(_ picture: Picture, _ kind: String, _ description: String, _ path: String) throws -> String {
    // JPEG would blur the neurons of small maps.
    let format: PictureFormat = kind == "map" || picture.width <= 256 ? .png : .jpeg
    return
      "<img class=\"\(kind)\" src=\"\(try HTML.dataURL(picture, format, for: path))\" alt=\"\(HTML.escaped(description))\">"
  }

  /// The identifiers of the sections: letters, digits, `_` and `-` of their names, and a number if two are the same.
  private var identifiers: [String] {
    var taken: Set<String> = []
    return sections.map { section in
      let base =
        "layer-" + String(section.name.map { $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "_" ? $0 : "-" })
      var (identifier, number) = (base, 2)
      while !taken.insert(identifier).inserted {
        identifier = "\(base)-\(number)"
        number += 1
      }
      return identifier
    }
  }
}
