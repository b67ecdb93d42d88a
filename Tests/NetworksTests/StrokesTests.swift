import Foundation
import Networks
import Testing

@Suite struct StrokesTests {
  @Test("Words and lines are parsed and written unchanged")
  func text() throws {
    for size in StrokeSize.allCases {
      #expect(try Strokes(size.rawValue) == .size(size) && Strokes.size(size).description == size.rawValue)
    }
    for lines in [64, 200, 1024] { #expect(try Strokes("\(lines)") == .lines(lines)) }
    for wrong in ["", "Large", "huge", "63", "1025", "-64", "0", "200.5", "1e2", " 64", "99999999999999999999"] {
      let error = #expect(throws: ModelError.invalidStrokes(found: wrong), "\(wrong)") { try Strokes(wrong) }
      #expect(error?.description.contains("small, medium, large or a number of lines from 64 to 1024") == true)
    }
  }

  @Test("JSON represents words as strings and lines as numbers")
  func json() throws {
    func decode(_ text: String) throws -> [Strokes] { try JSONDecoder().decode([Strokes].self, from: Data(text.utf8)) }
    let all: [Strokes] = [.size(.small), .medium, .size(.large), .lines(64), .lines(1024)]
    let bytes = try JSONEncoder().encode(all)
    #expect(String(decoding: bytes, as: UTF8.self) == #"["small","medium","large",64,1024]"#)
    #expect(try decode(String(decoding: bytes, as: UTF8.self)) == all)
    #expect(try decode(#"["200"]"#) == [.lines(200)])
    for wrong in ["63", "1025", "200.5", "1e300", #""huge""#] {
      #expect(throws: ModelError.self, "\(wrong)") { try decode("[\(wrong)]") }
    }
    for wrong in ["true", "{}", "[]", "null"] {
      #expect(throws: (any Error).self, "\(wrong)") { try decode("[\(wrong)]") }
    }
  }

  @Test(
    "Large strokes have fewer lines and small ones more, within the range of a canvas",
    arguments: [(256, 358, 183), (360, 504, 257), (64, 90, 64), (70, 98, 64), (1024, 1024, 731), (800, 1024, 571)])
  func lines(canvas: Int, small: Int, large: Int) {
    #expect(Strokes.size(.small).lines(canvasLines: canvas) == small)
    #expect(Strokes.medium.lines(canvasLines: canvas) == canvas)
    #expect(Strokes.size(.large).lines(canvasLines: canvas) == large)
    #expect(Strokes.lines(300).lines(canvasLines: canvas) == 300)
    #expect(StrokeSize.allCases.map(\.factor) == [0.7, 1, 1.4])
  }

  @Test("The strokes determine the canvas; without a canvas they cannot be chosen")
  func networks() throws {
    let network = try NetworkDefinition.named("dense:canvas=256,revision=8")
    #expect(network.canvasLines(for: .size(.large)) == 183)
    #expect(network.canvasLines(for: .lines(100)) == 100)
    // Landscape, portrait, square and very wide: the short side decides. A canvas is never larger than the picture.
    for (height, width, canvasHeight, canvasWidth) in [
      (720, 1280, 184, 324), (1280, 720, 324, 184), (720, 720, 184, 184), (300, 3000, 184, 1832), (16, 16, 16, 16),
      (100, 160, 100, 160),
    ] {
      let canvas = try #require(network.canvasExtents(for: .size(.large), height: height, width: width))
      #expect(canvas == (canvasHeight, canvasWidth), "\(width)×\(height)")
    }
    let medium = try #require(network.canvasExtents(for: .medium, height: 720, width: 1280))
    #expect(medium == network.canvasExtents(height: 720, width: 1280))

    let plain = NetworkDefinition.johnson()
    #expect(plain.canvasLines(for: .size(.large)) == nil)
    #expect(plain.canvasExtents(for: .medium, height: 72, width: 128) == nil)
    #expect(ModelError.noCanvas(styles: ["old"]).description.contains("the style 'old' has no canvas"))
    #expect(ModelError.noCanvas(styles: ["a", "b"]).description.contains("'a' and 'b' have no canvas"))
  }
}
