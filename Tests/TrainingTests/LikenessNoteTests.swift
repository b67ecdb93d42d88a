import Testing
import Training

@Suite struct LikenessNoteTests {
  private func likeness(_ form: Double) -> Likeness {
    Likeness(fine: 80, stroke: 70.25, form: form, content: 0.6125, contrast: 0.5, chroma: 1.25, grain: 2)
  }

  @Test func tellsTheFiguresOf720LinesAndTheSpread() throws {
    var table = try CardTable("|---|---|\n| evaluation | x |\n", path: "x.md")
    let note = LikenessNote(
      photoCount: 50, photoList: "held_out.txt",
      means: [(360, likeness(50)), (720, likeness(20)), (1080, likeness(35))])
    note.write(to: &table)
    #expect(
      table["likeness"] == """
        56.8: fine 80.0, stroke 70.2, form 20.0; content 0.613, contrast 0.50, chroma 1.25, grain 2.00; mean of 50 photos of \
        `held_out.txt` at 720 lines
        """)
    #expect(
      table["likeness over sizes"] == "spread 10.0: 360 lines 66.8, 720 lines 56.8, 1080 lines 61.8")
    #expect(table["evaluation"] == "x", "the objective's numbers stay")
  }

  @Test func laterNumbersTakeThePlaceOfEarlierOnes() throws {
    var table = try CardTable("|---|---|\n", path: "x.md")
    LikenessNote(photoCount: 2, photoList: nil, means: [(360, likeness(50)), (480, likeness(50))]).write(to: &table)
    LikenessNote(photoCount: 1, photoList: nil, means: [(480, likeness(-10))]).write(to: &table)
    #expect(
      table["likeness"]?.hasSuffix(
        "form -10.0; content 0.613, contrast 0.50, chroma 1.25, grain 2.00; mean of 1 photo at 480 lines") == true)
    #expect(table["likeness over sizes"] == nil, "that was of another run")
  }

  @Test func theMeanIsPartByPart() {
    let mean = Likeness.mean([likeness(50), likeness(20)])
    #expect(mean.form == 35 && mean.fine == 80 && mean.content == 0.6125)
    #expect(mean.likeness == 61.75)
    #expect(Likeness.mean([]).likeness == 0)
  }
}
