import Streaming
import Testing

@Suite struct BackgroundColorTests {
  @Test(arguments: ["white": "#ffffff", "#ff8000": "#ff8000", "0x010203": "#010203", "BLACK": "black"])
  func aNamedColourHasItsComponents(_ text: String, _ description: String) {
    #expect(BackgroundColor(text)?.description == description)
  }

  /// libav also has names for colours that differ each time.
  @Test(arguments: ["", "random", "Random", "random@0.5", "bikeshed", "random\0", "no colour"])
  func whatNamesNoColourIsRefused(_ text: String) {
    #expect(BackgroundColor(text) == nil)
  }
}
