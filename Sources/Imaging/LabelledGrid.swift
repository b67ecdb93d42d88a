/// Rows of pictures with headings and captions, drawn as one picture on white.
package struct LabelledGrid: Sendable {
  /// A picture and what is written below it.
  package struct Cell: Sendable {
    /// The picture.
    package var picture: Picture
    /// One line, cut off at the width of the picture.
    package var caption: String

    /// Creates a cell.
    package init(_ picture: Picture, _ caption: String = "") {
      self.picture = picture
      self.caption = caption
    }
  }

  /// A heading and the cells below it.
  package struct Row: Sendable {
    /// One line; no line if it is empty.
    package var heading: String
    /// The cells, from left to right.
    package var cells: [Cell]

    /// Creates a row.
    package init(_ heading: String = "", _ cells: [Cell]) {
      self.heading = heading
      self.cells = cells
    }
  }

  private static let margin = 8
  private static let gap = 4
  /// The space between a line of text and what is above or below it.
  private static let leading = 3

  /// The rows, from top to bottom.
  package var rows: [Row]
  /// The size of the font's pixels in headings, and in captions that fit below their pictures.
  package var scale: Int

  /// Creates a grid.
  package init(rows: [Row], scale: Int = 2) {
    self.rows = rows
    self.scale = scale
  }

  /// The largest scale at which the captions of `row` fit below their pictures.
  private func captionScale(of row: Row) -> Int {
    (1...scale).last { scale in
      row.cells.allSatisfy { BitmapText.width(of: $0.caption, scale: scale) <= $0.picture.width }
    } ?? 1
  }

  private func height(of row: Row) -> Int {
    let heading = row.heading.isEmpty ? 0 : BitmapText.lineHeight * scale + 2 * Self.leading
    let hasCaptions = !row.cells.allSatisfy(\.caption.isEmpty)
    let captions = hasCaptions ? BitmapText.lineHeight * captionScale(of: row) + 2 * Self.leading : 0
    return heading + (row.cells.map(\.picture.height).max() ?? 0) + captions
  }

  private func width(of row: Row) -> Int {
    let cells = row.cells.map(\.picture.width).reduce(0, +) + Self.gap * max(0, row.cells.count - 1)
    return max(cells, BitmapText.width(of: row.heading, scale: scale))
  }

  /// The grid as one picture. A row is as high as its highest cell.
  package var picture: Picture {
    let width = max(1, rows.map(width(of:)).max() ?? 1) + 2 * Self.margin
    let height = rows.reduce(0) { $0 + self.height(of: $1) + Self.margin } + Self.margin
    var result = Picture(width: width, height: max(1, height), red: 255, green: 255, blue: 255)
    var top = Self.margin
    for row in rows {
      var y = top
      if !row.heading.isEmpty {
        result.draw(row.heading, x: Self.margin, y: y + Self.leading, scale: scale)
        y += BitmapText.lineHeight * scale + 2 * Self.leading
      }
      let captionTop = y + (row.cells.map(\.picture.height).max() ?? 0) + Self.leading
      let captionScale = captionScale(of: row)
      var x = Self.margin
      for cell in row.cells {
        result.paste(cell.picture, x: x, y: y)
        let caption = BitmapText.fitting(cell.caption, width: cell.picture.width, scale: captionScale)
        result.draw(caption, x: x, y: captionTop, scale: captionScale, level: 64)
        x += cell.picture.width + Self.gap
      }
      top += self.height(of: row) + Self.margin
    }
    return result
  }
}
