extension Picture {
  /// Creates a contact sheet of `rows`, from top to bottom, with `gap` white pixels between the pictures.
  ///
  /// A column is as wide as its widest picture, and a row as high as its highest. Pictures are aligned to the top left
  /// of their cells and composited over white. Without pictures the sheet is a single white pixel.
  public static func grid(_ rows: [[Picture]], gap: Int = 4) -> Picture {
    let columnCount = rows.map(\.count).max() ?? 0
    let widths = (0..<columnCount).map { column in
      rows.compactMap { column < $0.count ? $0[column].width : nil }.max() ?? 0
    }
    let heights = rows.map { row in row.map(\.height).max() ?? 0 }
    let width = max(1, widths.reduce(0, +) + gap * max(0, widths.count - 1))
    let height = max(1, heights.reduce(0, +) + gap * max(0, heights.count - 1))
    var pixels = [UInt8](repeating: 255, count: 3 * width * height)
    var top = 0
    for (row, rowHeight) in zip(rows, heights) {
      var left = 0
      for (picture, columnWidth) in zip(row, widths) {
        let samples = picture.flattened().pixels
        for y in 0..<picture.height {
          let start = 3 * ((top + y) * width + left)
          let source = y * picture.stride
          pixels.replaceSubrange(start..<start + picture.stride, with: samples[source..<source + picture.stride])
        }
        left += columnWidth + gap
      }
      top += rowHeight + gap
    }
    return Picture(width: width, height: height, pixels: pixels)
  }
}
