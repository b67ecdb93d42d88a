import Imaging
import Testing

@Suite struct LabelledGridTests {
  private func block(_ width: Int, _ height: Int, _ level: UInt8) -> Picture {
    Picture(width: width, height: height, red: level, green: level, blue: level)
  }

  private func positions(of level: UInt8, in picture: Picture) -> [(x: Int, y: Int)] {
    (0..<picture.width * picture.height).map { ($0 % picture.width, $0 / picture.width) }.filter {
      picture[$0.x, $0.y] == (level, level, level)
    }
  }

  @Test func picturesHeadingsAndCaptionsHaveTheirPlaces() {
    let grid = LabelledGrid(rows: [
      .init("a heading that is wide", [.init(block(30, 20, 100), "caption"), .init(block(40, 10, 150))]),
      .init("", [.init(block(5, 5, 200))]),
    ])
    let picture = grid.picture
    let first = positions(of: 100, in: picture)
    let second = positions(of: 150, in: picture)
    let third = positions(of: 200, in: picture)
    #expect(first.count == 600 && second.count == 400 && third.count == 25, "each picture is whole")
    #expect(first.map(\.y).min() == second.map(\.y).min())
    #expect((second.map(\.x).min() ?? 0) > (first.map(\.x).max() ?? 0))
    #expect((third.map(\.y).min() ?? 0) > (first.map(\.y).max() ?? 0) + 8, "a caption is between")
    let heading = positions(of: 0, in: picture)
    #expect(!heading.isEmpty && heading.allSatisfy { $0.y < (first.map(\.y).min() ?? 0) })
    let caption = positions(of: 64, in: picture)
    #expect(!caption.isEmpty)
    #expect(caption.allSatisfy { $0.x <= (first.map(\.x).max() ?? 0) && $0.y > (first.map(\.y).max() ?? 0) })
    #expect(picture[0, 0] == (255, 255, 255))
  }

  @Test func captionsAreCutAtTheirPictures() {
    let short = LabelledGrid(rows: [.init("", [.init(block(12, 4, 9), "ab")])]).picture
    let long = LabelledGrid(rows: [.init("", [.init(block(12, 4, 9), "abcdefgh")])]).picture
    #expect(short == long)
  }

  @Test func aGridWithoutRowsIsWhite() {
    #expect(Set(LabelledGrid(rows: []).picture.pixels) == [255])
  }
}
