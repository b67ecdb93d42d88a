import Measurement
import Testing

@Suite struct TextTableTests {
  private let table = TextTable([.init("name", width: 6, isText: true), .init("ms", width: 5), .init("share")])

  @Test func columnsAlign() {
    #expect(table.header == "name       ms  share")
    #expect(table.row(["a", "1.25", "7 %"]) == "a        1.25    7 %")
  }

  @Test func missingAndWideCells() {
    #expect(table.row(["a", "1"]) == "a           1")
    #expect(table.row(["abcdefgh", "1", "2"]) == "abcdefgh      1      2")
    #expect(table.row([]) == "")
  }

  @Test(arguments: [
    (0.012345, "0.0123"), (1.234, "1.23"), (9.999, "10.0"), (123.4, "123"), (1234, "1234"), (0, "0"), (0.9996, "1.00"),
    (.infinity, "–"),
  ])
  func threeDigits(value: Double, expected: String) {
    #expect(value.threeDigits == expected)
  }

  @Test func percentages() {
    #expect(0.876.percentage == "88 %")
    #expect(1.3.percentage == "130 %")
    #expect(Double.nan.percentage == "–")
  }
}
