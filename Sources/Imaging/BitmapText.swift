/// Draws short labels into pictures with a bitmap font of 5×8 pixels, whose last row is for descenders.
///
/// It has the letters of English, digits and a few signs. A box stands for every other character.
package enum BitmapText {
  /// The height of a line in pixels at a scale of 1.
  package static let lineHeight = 8
  /// The distance from one character to the next in pixels at a scale of 1.
  package static let advance = 6

  /// The characters that the font has.
  package static let characters = Set(glyphs.keys.filter { $0 != missing })

  /// Returns the width of `text` in pixels.
  package static func width(of text: String, scale: Int) -> Int { max(0, text.count * advance - 1) * scale }

  /// Returns `text`, shortened so that it fits into `width` pixels.
  package static func fitting(_ text: String, width: Int, scale: Int) -> String {
    self.width(of: text, scale: scale) <= width ? text : String(text.prefix(max(0, (width / scale + 1) / advance)))
  }

  /// Whether the glyph of `character` covers the pixel in `row` and `column`.
  static func covers(_ character: Character, row: Int, column: Int) -> Bool {
    character != " " && (glyphs[character] ?? glyphs[missing] ?? [])[row * 5 + column]
  }

  private static let missing: Character = "\u{FFFD}"

  /// The pixels of each glyph, row by row.
  private static let glyphs: [Character: [Bool]] = {
    var glyphs: [Character: [Bool]] = [:]
    for (characters, art) in banks {
      let rows = art.split(separator: "\n").map { $0.split(separator: " ") }
      for (index, character) in characters.enumerated() {
        glyphs[character] = rows.flatMap { row in row[index].map { $0 == "#" } }
      }
    }
    return glyphs
  }()

  private static let banks: [(characters: String, art: String)] = [
    (
      "ABCDEFGHI",
      """
      .###. ####. .###. ####. ##### ##### .###. #...# .###.
      #...# #...# #...# #...# #.... #.... #...# #...# ..#..
      #...# #...# #.... #...# #.... #.... #.... #...# ..#..
      ##### ####. #.... #...# ####. ####. #.### ##### ..#..
      #...# #...# #.... #...# #.... #.... #...# #...# ..#..
      #...# #...# #...# #...# #.... #.... #...# #...# ..#..
      #...# ####. .###. ####. ##### #.... .#### #...# .###.
      ..... ..... ..... ..... ..... ..... ..... ..... .....
      """
    ),
    (
      "JKLMNOPQR",
      """
      ..### #...# #.... #...# #...# .###. ####. .###. ####.
      ...#. #..#. #.... ##.## ##..# #...# #...# #...# #...#
      ...#. #.#.. #.... #.#.# #.#.# #...# #...# #...# #...#
      ...#. ##... #.... #.#.# #..## #...# ####. #...# ####.
      ...#. #.#.. #.... #...# #...# #...# #.... #.#.# #.#..
      #..#. #..#. #.... #...# #...# #...# #.... #..#. #..#.
      .##.. #...# ##### #...# #...# .###. #.... .##.# #...#
      ..... ..... ..... ..... ..... ..... ..... ..... .....
      """
    ),
    (
      "STUVWXYZ_",
      """
      .#### ##### #...# #...# #...# #...# #...# ##### .....
      #.... ..#.. #...# #...# #...# #...# #...# ....# .....
      #.... ..#.. #...# #...# #...# .#.#. .#.#. ...#. .....
      .###. ..#.. #...# #...# #.#.# ..#.. ..#.. ..#.. .....
      ....# ..#.. #...# #...# #.#.# .#.#. ..#.. .#... .....
      ....# ..#.. #...# .#.#. ##.## #...# ..#.. #.... .....
      ####. ..#.. .###. ..#.. #...# #...# ..#.. ##### .....
      ..... ..... ..... ..... ..... ..... ..... ..... #####
      """
    ),
    (
      "abcdefghi",
      """
      ..... #.... ..... ....# ..... ..##. ..... #.... ..#..
      ..... #.... ..... ....# ..... .#..# ..... #.... .....
      .###. #.##. .###. .##.# .###. .#... .#### #.##. .##..
      ....# ##..# #.... #..## #...# ###.. #...# ##..# ..#..
      .#### #...# #.... #...# ##### .#... #...# #...# ..#..
      #...# #...# #...# #...# #.... .#... .#### #...# ..#..
      .#### ####. .###. .#### .###. .#... ....# #...# .###.
      ..... ..... ..... ..... ..... ..... .###. ..... .....
      """
    ),
    (
      "jklmnopqr",
      """
      ...#. #.... .##.. ..... ..... ..... ..... ..... .....
      ..... #.... ..#.. ..... ..... ..... ..... ..... .....
      ..##. #..#. ..#.. ##.#. #.##. .###. ####. .#### #.##.
      ...#. #.#.. ..#.. #.#.# ##..# #...# #...# #...# ##..#
      ...#. ##... ..#.. #.#.# #...# #...# #...# #...# #....
      ...#. #.#.. ..#.. #.#.# #...# #...# ####. .#### #....
      #..#. #..#. .###. #...# #...# .###. #.... ....# #....
      .##.. ..... ..... ..... ..... ..... #.... ....# .....
      """
    ),
    (
      "stuvwxyz.",
      """
      ..... .#... ..... ..... ..... ..... ..... ..... .....
      ..... .#... ..... ..... ..... ..... ..... ..... .....
      .#### ###.. #...# #...# #...# #...# #...# ##### .....
      #.... .#... #...# #...# #.#.# .#.#. #...# ...#. .....
      .###. .#... #...# #...# #.#.# ..#.. #...# ..#.. .....
      ....# .#..# #..## .#.#. #.#.# .#.#. .#### .#... .....
      ####. ..##. .##.# ..#.. .#.#. #...# ....# ##### ..#..
      ..... ..... ..... ..... ..... ..... .###. ..... .....
      """
    ),
    (
      "012345678",
      """
      .###. ..#.. .###. .###. ...#. ##### ..##. ##### .###.
      #...# .##.. #...# #...# ..##. #.... .#... ....# #...#
      #..## ..#.. ....# ....# .#.#. ####. #.... ...#. #...#
      #.#.# ..#.. ..##. ..##. #..#. ....# ####. ..#.. .###.
      ##..# ..#.. .#... ....# ##### ....# #...# .#... #...#
      #...# ..#.. #.... #...# ...#. #...# #...# .#... #...#
      .###. .###. ##### .###. ...#. .###. .###. .#... .###.
      ..... ..... ..... ..... ..... ..... ..... ..... .....
      """
    ),
    (
      "9:,-+%×()",
      """
      .###. ..... ..... ..... ..... ##..# ..... ...#. .#...
      #...# ..... ..... ..... ..#.. ##..# ..... ..#.. ..#..
      #...# ..#.. ..... ..... ..#.. ...#. ..... .#... ...#.
      .#### ..... ..... .###. ##### ..#.. .#.#. .#... ...#.
      ....# ..... ..#.. ..... ..#.. .#... ..#.. .#... ...#.
      ...#. ..#.. ..#.. ..... ..#.. #..## .#.#. ..#.. ..#..
      .##.. ..... .#... ..... ..... #..## ..... ...#. .#...
      ..... ..... ..... ..... ..... ..... ..... ..... .....
      """
    ),
    (
      "/='#&<>?\u{FFFD}",
      """
      ....# ..... ..#.. .#.#. .##.. ...#. .#... .###. #####
      ....# ..... ..#.. .#.#. #..#. ..#.. ..#.. #...# #...#
      ...#. ##### ..... ##### #.#.. .#... ...#. ....# #...#
      ..#.. ..... ..... .#.#. .#... #.... ....# ...#. #...#
      .#... ##### ..... ##### #.#.# .#... ...#. ..#.. #...#
      #.... ..... ..... .#.#. #..#. ..#.. ..#.. ..... #...#
      #.... ..... ..... .#.#. .##.# ...#. .#... ..#.. #####
      ..... ..... ..... ..... ..... ..... ..... ..... .....
      """
    ),
  ]
}

extension Picture {
  /// Draws one line of `text` in a grey of `level` with its top left corner at `(x, y)`. What lies outside of the
  /// picture is cut off.
  ///
  /// - Parameter scale: The size of the font's pixels in pixels, at least 1.
  package mutating func draw(_ text: String, x: Int, y: Int, scale: Int = 1, level: UInt8 = 0) {
    let (width, height) = (width, height)
    withUnsafeMutablePixels { pixels in
      for (index, character) in text.enumerated() {
        let left = x + index * BitmapText.advance * scale
        for row in max(0, y)..<max(0, y, min(height, y + BitmapText.lineHeight * scale)) {
          for column in max(0, left)..<max(0, left, min(width, left + 5 * scale))
          where BitmapText.covers(character, row: (row - y) / scale, column: (column - left) / scale) {
            for channel in 0..<3 { pixels[3 * (row * width + column) + channel] = level }
          }
        }
      }
    }
  }

  /// Replaces the part whose top left corner is `(x, y)` with `other`, composited over white. What lies outside of the
  /// picture is cut off.
  package mutating func paste(_ other: Picture, x: Int, y: Int) {
    let (width, height) = (width, height)
    let source = other.flattened().pixels
    let columns = max(0, x)..<max(0, x, min(width, x + other.width))
    withUnsafeMutablePixels { pixels in
      for row in max(0, y)..<max(0, y, min(height, y + other.height)) {
        for column in columns {
          let (from, to) = (3 * ((row - y) * other.width + column - x), 3 * (row * width + column))
          for channel in 0..<3 { pixels[to + channel] = source[from + channel] }
        }
      }
    }
  }
}
