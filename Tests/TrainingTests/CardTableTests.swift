import Testing
import Training

@Suite struct CardTableTests {
  private static let card = """
    # wave

    | | |
    |---|---|
    | painting | `wave.jpg` |
    | loss weights | style 5.0 |
    | weights | half |

    The photographs | are not ours |
    | weights | of another table |

    """

  private static func table() throws -> CardTable { try CardTable(card, path: "wave.md") }

  @Test func whatIsNotChangedStaysToTheByte() throws {
    var table = try Self.table()
    #expect(table.markdown == Self.card)
    table["weights"] = "half"
    table["missing"] = nil
    #expect(table.markdown == Self.card)
  }

  @Test func rowsAreFoundReplacedAddedAndRemoved() throws {
    var table = try Self.table()
    #expect(table["painting"] == "`wave.jpg`" && table["weights"] == "half" && table["warping error"] == nil)
    table["weights"] = "single"
    table["warping error"] = "3.1"
    table["noisy still"] = "2.0"
    table["painting"] = nil
    #expect(
      table.markdown
        == Self.card.replacing("| painting | `wave.jpg` |\n", with: "")
        .replacing(
          "| weights | half |\n", with: "| weights | single |\n| warping error | 3.1 |\n| noisy still | 2.0 |\n"))
  }

  @Test func aTableAtTheEndOfTheFileGrows() throws {
    var table = try CardTable("|---|---|\n| a | b |", path: "a.md")
    table["c"] = "d"
    #expect(table.markdown == "|---|---|\n| a | b |\n| c | d |")
  }

  @Test(arguments: ["", "# wave\n\nText.\n", "| a | b |\n|---|"])
  func textWithoutATableIsNoCard(text: String) {
    #expect(throws: TrainingError.invalidCard(file: "notes.md")) { try CardTable(text, path: "notes.md") }
  }
}
