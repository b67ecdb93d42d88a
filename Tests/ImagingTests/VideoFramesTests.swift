import Imaging
import Testing

struct VideoFramesTests {
  /// Frame `i` of the video has the grey level `20 i + 10`.
  @Test(arguments: [(1, [5]), (2, [2, 7]), (3, [1, 5, 8]), (10, Array(0..<10)), (99, Array(0..<10))])
  func framesAreSpreadOverTheVideo(count: Int, indices: [Int]) throws {
    let frames = try VideoFrames(path: Fixtures.path("film.gif"), count: count)
    #expect(frames.indices == indices)
    var found: [Int] = []
    try frames.forEach { index, picture in
      found.append(index)
      #expect(picture.width == 9 && picture.height == 7)
      #expect(picture.pixels.allSatisfy { abs(Int($0) - (20 * index + 10)) <= 1 }, "frame \(index)")
    }
    #expect(found == indices)
  }

  @Test func aPictureCountsAsOneUprightFrame() throws {
    var pictures: [Picture] = []
    try VideoFrames(path: Fixtures.path("oriented.jpg"), count: 5).forEach { pictures.append($1) }
    #expect(pictures == [try PictureFile.read(Fixtures.path("oriented.jpg"))])
  }

  @Test func errorsNameTheFile() throws {
    for name in ["make_fixtures.py", "nothing.mp4"] {
      let path = try Fixtures.path(name)
      #expect {
        try VideoFrames(path: path, count: 3).forEach { _, _ in }
      } throws: { error in
        guard case PictureError.unreadable(path, _) = error else { return false }
        return "\(error)".contains(name)
      }
    }
  }

  private struct Stop: Error {}

  @Test func anErrorOfTheBodyStopsTheReading() throws {
    var calls = 0
    #expect(throws: Stop.self) {
      try VideoFrames(path: Fixtures.path("film.gif"), count: 4).forEach { _, _ in
        calls += 1
        throw Stop()
      }
    }
    #expect(calls == 1)
  }
}
