import Testing
import Training

@Suite struct EvaluationNoteTests {
  private func note(list: String?, steadiness: TemporalReport?) throws -> EvaluationNote {
    var parts = LossParts.mean([])
    parts.content = 1234.4
    parts.totalVariation = 5.25
    parts.styleLayers = [.relu1_2: 100, .relu3_3: 1000]
    return EvaluationNote(
      photoCount: 50, photoList: list, size: 256, styleSize: 0, weights: LossWeights(objective: .johnson),
      losses: parts, steadiness: steadiness)
  }

  private var steadiness: TemporalReport {
    var report = TemporalReport.mean([])
    let parts: [WritableKeyPath<TemporalReport, TemporalMeasurement>] = [
      \.pan, \.subpixel, \.zoom, \.rotation, \.warping, \.still,
    ]
    for (index, part) in parts.enumerated() {
      report[keyPath: part].output = Double(index + 1)
      report[keyPath: part].input = Double(index + 1) / 2
    }
    return report
  }

  @Test func tellsWhatWasMeasuredOnWhat() throws {
    var table = try CardTable("|---|---|\n| style | x |\n", path: "x.md")
    try note(list: "held_out.txt", steadiness: steadiness).write(to: &table)
    #expect(
      table["evaluation"] == """
        total 2340: content 1234, style 1100 (relu1_2 100, relu2_2 0.000, relu3_3 1000, relu4_3 0.000), total variation 5.250; mean of \
        50 photos of `held_out.txt` of 256×256, objective johnson, content 1.0, style 5.0, total variation 1e-06, painting at its own size
        """)
    #expect(
      table["warping error"]
        == "5.00 of 255 (the photos' own 2.50): pan 1.00 (0.50), pan below a pixel 2.00 (1.00), zoom 3.00 (1.50), "
        + "rotation 4.00 (2.00)")
    #expect(table["noisy still"] == "deviation 6.00 of 255 (the photos' own 3.00)")
    #expect(table["style"] == "x")
  }

  @Test func laterNumbersTakeThePlaceOfEarlierOnes() throws {
    var table = try CardTable("|---|---|\n", path: "x.md")
    try note(list: "held_out.txt", steadiness: steadiness).write(to: &table)
    try note(list: nil, steadiness: nil).write(to: &table)
    #expect(table["evaluation"]?.contains("mean of 50 photos of 256×256") == true)
    #expect(table["warping error"] == nil && table["noisy still"] == nil, "those were of another run")
    #expect(table.markdown.split(separator: "\n").count == 2)
  }
}
