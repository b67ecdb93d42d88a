import Imaging
import Testing

@Suite struct BitmapTextTests {
  private func drawn(_ text: String, height: Int = 10, scale: Int = 1, x: Int = 0, y: Int = 0) -> Picture {
    var picture = Picture(width: 40, height: height, red: 255, green: 255, blue: 255)
    picture.draw(text, x: x, y: y, scale: scale)
    return picture
  }

  private func darkPixels(_ picture: Picture) -> Set<[Int]> {
    var result: Set<[Int]> = []
    for y in 0..<picture.height { for x in 0..<picture.width where picture[x, y].red == 0 { result.insert([x, y]) } }
    return result
  }

  @Test func charactersDiffer() {
    var seen: [Set<[Int]>: Character] = [:]
    for character in BitmapText.characters.sorted() {
      let pixels = darkPixels(drawn(String(character)))
      #expect(!pixels.isEmpty, "\(character)")
      #expect(pixels.allSatisfy { $0[0] < 5 && $0[1] < 8 }, "\(character) leaves its cell")
      #expect(seen[pixels] == nil, "\(character) looks like \(seen[pixels] ?? " ")")
      seen[pixels] = character
    }
    let needed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_:.,-+%×()/"
    #expect(BitmapText.characters.isSuperset(of: needed))
  }

  @Test func theLetterLIsDrawnWhereItShouldBe() {
    let expected = Set((0..<7).map { [3, $0 + 1] } + (1..<5).map { [$0 + 3, 7] })
    #expect(darkPixels(drawn("L", x: 3, y: 1)) == expected)
  }

  @Test func scaleMakesSquaresOfPixels() {
    let small = darkPixels(drawn("g7"))
    let large = darkPixels(drawn("g7", height: 30, scale: 3))
    var squares: Set<[Int]> = []
    for pixel in small {
      for part in 0..<9 { squares.insert([3 * pixel[0] + part % 3, 3 * pixel[1] + part / 3]) }
    }
    #expect(large == squares)
  }

  @Test func unknownCharactersAreBoxesAndSpacesAreEmpty() {
    #expect(darkPixels(drawn("é")) == darkPixels(drawn("漢")))
    #expect(!darkPixels(drawn("é")).isEmpty)
    #expect(darkPixels(drawn(" ")).isEmpty)
  }

  @Test func whatLiesOutsideIsCutOff() {
    for (x, y) in [(-3, -4), (38, 8), (-100, 3), (3, 100)] {
      #expect(drawn("W", x: x, y: y).width == 40)
    }
    var picture = Picture(width: 4, height: 3, red: 9, green: 9, blue: 9)
    picture.paste(Picture(width: 3, height: 3, red: 1, green: 2, blue: 3), x: 2, y: -1)
    #expect(picture[2, 0] == (1, 2, 3) && picture[3, 1] == (1, 2, 3))
    #expect(picture[1, 0] == (9, 9, 9) && picture[2, 2] == (9, 9, 9))
  }

  @Test func widthIsThatOfTheText() {
    #expect(BitmapText.width(of: "", scale: 2) == 0 && BitmapText.width(of: "ab", scale: 2) == 22)
    #expect(BitmapText.fitting("relu3_3", width: 41, scale: 1) == "relu3_3")
    #expect(BitmapText.fitting("relu3_3", width: 40, scale: 1) == "relu3_")
    #expect(BitmapText.fitting("relu3_3", width: 3, scale: 1) == "")
  }
}
