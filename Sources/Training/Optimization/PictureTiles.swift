/// A division of a picture into tiles that overlap as far as the features of a layer see.
///
/// The features of the cores are those of the whole picture: a tile ends where the picture ends, or at least ``margin``
/// pixels behind its core. Cores cover each pixel once. All bounds inside the picture are multiples of 8, where the
/// blocks of pooled pixels end.
package struct PictureTiles {
  /// A tile of an axis.
  package struct Span: Equatable {
    /// The pixels that are computed.
    package var outer: Range<Int>
    /// The pixels whose features count.
    package var core: Range<Int>
  }

  /// A tile.
  package struct Tile {
    package var rows: Span
    package var columns: Span
  }

  /// The tiles. Tiles of the same size follow each other.
  package let tiles: [Tile]

  private static let alignment = 8

  /// Divides a picture of `height` × `width` pixels.
  ///
  /// - Parameters:
  ///   - side: The maximum side of a tile, at least 256. A picture of at most `side²` pixels is one tile.
  ///   - margin: The overlap, a multiple of 8. See ``VGG16/sight(of:)``.
  package init(height: Int, width: Int, side: Int, margin: Int) {
    if height * width <= side * side {
      tiles = [
        Tile(
          rows: Span(outer: 0..<height, core: 0..<height), columns: Span(outer: 0..<width, core: 0..<width))
      ]
      return
    }
    let rows = Self.spans(length: height, side: side, margin: margin)
    let columns = Self.spans(length: width, side: side, margin: margin)
    let all = rows.flatMap { rows in columns.map { Tile(rows: rows, columns: $0) } }
    tiles = all.enumerated().sorted { a, b in
      let (first, second) = (a.element, b.element)
      let sizes = (
        (first.rows.outer.count, first.columns.outer.count), (second.rows.outer.count, second.columns.outer.count)
      )
      return sizes.0 == sizes.1 ? a.offset < b.offset : sizes.0 < sizes.1
    }.map(\.element)
  }

  /// Divides an axis into spans of about equal length.
  package static func spans(length: Int, side: Int, margin: Int) -> [Span] {
    guard length > side else { return [Span(outer: 0..<length, core: 0..<length)] }
    let room = side / alignment * alignment
    let count = (length - 2 * margin + room - 2 * margin - 1) / (room - 2 * margin)
    let even = (length + (count - 1) * 2 * margin + count - 1) / count
    let window = min(room, (even + alignment - 1) / alignment * alignment)
    var spans: [Span] = []
    for index in 0..<count {
      let start =
        index == count - 1
        ? max(0, (length - window) / alignment * alignment) : index * (window - 2 * margin)
      let end = index == count - 1 ? length : start + window
      if let last = spans.last {
        let boundary = start + margin
        spans[spans.count - 1].core = last.core.lowerBound..<boundary
        spans.append(Span(outer: start..<end, core: boundary..<end))
      } else {
        spans.append(Span(outer: start..<end, core: start..<end))
      }
    }
    return spans
  }
}

extension PictureTiles.Span {
  /// The range of the core in the features of a layer whose pixels are `2^block` pixels of the picture apart, counted
  /// from the start of the tile.
  ///
  /// - Parameter count: The number of feature pixels of the tile.
  func core(block: Int, count: Int, length: Int) -> Range<Int> {
    let end = core.upperBound == length ? count : (core.upperBound - outer.lowerBound) >> block
    return (core.lowerBound - outer.lowerBound) >> block..<end
  }
}

extension VGG16 {
  /// How many pixels around its own block of pixels a feature of `layer` depends on, rounded up to a multiple of 8:
  /// each 3×3 convolution reaches one pixel of its block of layers farther.
  package static func sight(of layer: VGG16Layer) -> Int {
    let (block, depth) = layer.position
    let reach = (0...block).reduce(0) { $0 + (($1 == block ? depth : blocks[$1].count) << $1) }
    return (reach + 7) / 8 * 8
  }
}
