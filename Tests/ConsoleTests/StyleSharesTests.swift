import Console
import TestSupport
import Testing

@Suite struct StyleSharesTests {
  @Test(arguments: [
    ("starry", ["starry"], [1]), ("starry:0.6,wave:0.4", ["starry", "wave"], [0.6, 0.4]),
    ("starry,wave:2,scream", ["starry", "wave", "scream"], [1, 2, 1]),
    ("a/b.safetensors:3", ["a/b.safetensors"], [3]),
  ])
  func stylesHaveShares(argument: String, names: [String], expected: [Double]) throws {
    let shares = try #require(StyleShares(argument: argument))
    #expect(shares.parts.map(\.name) == names && shares.parts.map(\.share) == expected)
    #expect(StyleShares(argument: shares.description)?.parts.map(\.name) == names)
  }

  @Test(arguments: [
    "", ",", "starry,", ":1", "starry:", "starry:0", "starry:-1", "starry:nan", "starry:inf", "a:1e7", "a:x",
  ])
  func otherTextIsRefused(argument: String) {
    #expect(StyleShares(argument: argument) == nil)
  }

  @Test func theNameOfAFileIsOneStyle() throws {
    let folder = try TemporaryFolder()
    let name = try folder.textFile("a,b:2.safetensors")
    #expect(StyleShares(argument: name) == StyleShares(name))
  }
}
