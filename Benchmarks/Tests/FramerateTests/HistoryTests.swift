import Foundation
import TestSupport
import Testing

/// history.py on results of the programs' form.
@Suite struct HistoryTests {
  private let folder: TemporaryFolder
  private let python: BuiltProgram

  init() throws {
    folder = try TemporaryFolder()
    python = try #require(BuiltProgram.onPath("python3"))
  }

  private func history(_ options: String...) throws -> BuiltProgram.Result {
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../history.py").standardizedFileURL.path
    return try python.run([script, "--results", folder.path] + options)
  }

  /// Results of one point at `fps` frames a second, as framerate prints them, added to the history.
  private func append(fps: Double, commit: String, processor: String = "p") throws {
    let rates = #"{"fps":\#(fps),"p50Ms":1,"p95Ms":1,"p99Ms":1,"frames":9,"gmacPerSecond":1,"peakShare":1}"#
    let report = #"""
      {"machine":{"processor":"\#(processor)","cores":2,"load":0.1,"commit":"\#(commit)"},"points":[{"network":"johnson",\#
      "width":0.5,"size":"1280x720","threads":2,"inference":\#(rates),"peakMemoryMB":100}]}
      """#
    try folder.write(Array(report.utf8), to: "framerate.json")
    let result = try history("--append")
    #expect(result.exitCode == 0, "\(result.errors)")
  }

  private func lines() throws -> [Substring] {
    String(decoding: try folder.bytes(of: "history.jsonl"), as: UTF8.self).split(separator: "\n")
  }

  @Test func aMeasurementIsKeptOnce() throws {
    try append(fps: 10, commit: "a")
    try append(fps: 10, commit: "a")
    #expect(try lines().count == 1)
    try append(fps: 11, commit: "b")
    #expect(try lines().count == 2)
    let table = try history().output
    #expect(table.contains("half 720p, 2 threads, engine fps") && table.contains("10.0 (a), 11.0 (b)"), "\(table)")
    #expect(table.contains("+10 %"), "\(table)")
  }

  @Test func worseIsFoundOnTheSameMachineAlone() throws {
    try append(fps: 10, commit: "a")
    try append(fps: 5, commit: "b", processor: "another")
    #expect(try history("--check").exitCode == 0)
    try append(fps: 8, commit: "c")
    let result = try history("--check")
    #expect(
      result.exitCode == 1 && result.errors.contains("half 720p, 2 threads, engine fps: -20 %"), "\(result.errors)")
    #expect(try history("--check", "--threshold", "0.3").exitCode == 0)
    #expect(try history().output.contains("**-20 %**"))
  }

  /// As much memory as before, at fewer frames a second: of units, one is better with more and one with less.
  @Test func lessMemoryIsBetter() throws {
    let start = #"{"date":"2026-01-0"#
    let rest = #"T00:00Z","benchmark":"training","commit":"a","processor":"p","cores":2,"values":{"case, memory MB":"#
    try folder.write(Array("\(start)1\(rest)100}}\n\(start)2\(rest)50}}\n".utf8), to: "history.jsonl")
    #expect(try history().output.contains("+100 %"))
    #expect(try history("--check").exitCode == 0)
  }

  @Test func aDamagedLineIsAnErrorOfOneSentence() throws {
    try folder.write(Array("{\n".utf8), to: "history.jsonl")
    let result = try history()
    #expect(
      result.exitCode == 1 && result.errors.contains("history.jsonl: a line is not a measurement"), "\(result.errors)")
    #expect(!result.errors.contains("Traceback"))
  }
}
