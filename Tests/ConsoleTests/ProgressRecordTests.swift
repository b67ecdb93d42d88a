import Console
import Testing

@Suite struct ProgressRecordTests {
  @Test func recordSurvivesItsLine() throws {
    let record = ProgressRecord(
      task: "Training", iteration: 60, iterations: 500, unit: "iterations", rate: 1.25, eta: 352,
      losses: ["total": 8.5, "content": 4])
    let line = try JSONLine.text(of: record)
    #expect(
      line
        == #"{"eta":352,"iteration":60,"iterations":500,"losses":{"content":4,"total":8.5},"rate":1.25,"task":"Training","#
        + #""unit":"iterations"}"#)
    #expect(ProgressRecord(line: line) == record)
    #expect(record.text == "60/500 iterations, 5:52 left")
  }

  @Test(arguments: [
    "", "train-style: warning: few photos", "Training  12% [=>  ] 60/500 iterations", "{", #"{"iteration":"many"}"#,
    #"{"iteration":1,"iterations":2,"unit":"frames","task":"#, "[1]",
  ])
  func otherLinesAreNotRecords(line: String) {
    #expect(ProgressRecord(line: line) == nil)
  }

  @Test(arguments: [nil, -1, 1e300] as [Double?])
  func unusableForecastIsNotShown(eta: Double?) {
    let record = ProgressRecord(task: "Painting", iteration: 7, iterations: nil, unit: "frames", eta: eta)
    #expect(record.text == "7 frames")
  }
}
