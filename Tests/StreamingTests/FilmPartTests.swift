import Streaming
import Testing

@Suite struct FilmPartTests {
  @Test func aPartIsParsed() throws {
    let part = try #require(FilmPart("3/12"))
    #expect(part.number == 3 && part.count == 12 && part.description == "3/12")
    #expect(FilmPart("1/1") == .whole)
    #expect(FilmPart(12, of: 12)?.description == "12/12")
  }

  @Test(arguments: ["", "3", "/", "3/", "/12", "0/12", "13/12", "-1/12", "1/0", "1/2/3", "a/b", "1.5/2", "1/1000001"])
  func otherTextsAreNone(text: String) { #expect(FilmPart(text) == nil) }
}
