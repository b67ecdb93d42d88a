import Foundation
import TestSupport
import Testing

/// Tests report.py with the output of the programs.
@Suite struct ReportTests {
  private let folder: TemporaryFolder
  private let python: BuiltProgram

  init() throws {
    folder = try TemporaryFolder()
    python = try #require(BuiltProgram.onPath("python3"))
  }

  private func report() throws -> BuiltProgram.Result {
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../report.py").standardizedFileURL.path
    return try python.run([script, "--results", folder.path, "--output", folder.file("RESULTS.md")])
  }

  private func text(_ section: String) throws -> String {
    let text = String(decoding: try folder.bytes(of: "RESULTS.md"), as: UTF8.self)
    return try #require(text.components(separatedBy: "\n## ").first { $0.hasPrefix(section) })
  }

  private func rows(_ section: String) throws -> [[String]] {
    try text(section).split(separator: "\n").filter { $0.hasPrefix("| ") }.map { line in
      line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
        .map { $0.trimmingCharacters(in: .whitespaces) }
    }
  }

  @Test func tablesShowThePrintedResults() throws {
    let framerate = try BuiltProgram("framerate").run([
      "--network", "half", "--size", "16x16", "360p", "--threads", "1", "--frames", "1", "--json", "--inference-only",
    ])
    let kernels = try BuiltProgram("kernels").run([
      "--network", "quarter", "--size", "16x16", "--threads", "1", "--seconds", "0.001", "--json",
    ])
    try folder.write(Array(framerate.output.utf8), to: "framerate.json")
    try folder.write(Array(kernels.output.utf8), to: "kernels.json")
    let result = try report()
    #expect(result.exitCode == 0, "\(result.errors)")

    let rates = try rows("Frame rates")
    #expect(rates.dropFirst().map { $0.prefix(3) } == [["half", "16x16", "1"], ["half", "360p", "1"]])
    #expect(rates.allSatisfy { $0.count == rates[0].count })
    #expect(Double(rates[1][3]).map { $0 > 0 } == true)
    // One row for each shape; johnson has seven.
    let shapes = try rows("Kernels")
    #expect(shapes.count == 1 + 7 && shapes.allSatisfy { $0.count == shapes[0].count })
    #expect(try rows("Machine").count == 1 + 2)
    #expect(try rows("Against other runtimes").isEmpty)
  }

  @Test func liveTablesShowThePrintedResults() throws {
    let latency = try BuiltProgram("latency")
    let options = ["--network", "quarter", "--size", "32x16", "--threads", "1", "--seconds", "2", "--json"]
    let delays = try latency.run(options)
    let streams = try latency.run(options + ["--streams", "2"])
    try folder.write(Array(delays.output.utf8), to: "latency.json")
    try folder.write(Array(streams.output.utf8), to: "streams.json")
    let soak = #"""
      {"machine":{"processor":"p","processors":2,"commit":"c"},"minutes":30,"viewers":7,"sentAway":3,"changes":5,"frames":99,\#
      "firstMB":100,"lastMB":101,"growth":0.01}
      """#
    try folder.write(Array(soak.utf8), to: "soak.json")
    let result = try report()
    #expect(result.exitCode == 0, "\(result.errors)")
    let live = try rows("Live")
    try #require(live.count == 4)
    #expect(live[1].prefix(3) == ["quarter", "32x16", "30.0"] && live[1].count == live[0].count)
    #expect(live[3].prefix(4) == ["quarter", "32x16", "2", "30.0"] && live[3].count == live[2].count)
    #expect(live[3][5].split(separator: ",").count == 2)
    #expect(try text("Live").contains("100.0 and 101.0 MB (+1.0 %)"))
    #expect(try rows("Machine").count == 1 + 3)
  }

  @Test func fastestPeerComesFirst() throws {
    func row(_ peer: String, _ milliseconds: Double) -> String {
      """
      {"network":"johnson","width":0.5,"size":"1280x720","threads":2,"peer":"\(peer)","peerMs":\(milliseconds),\
      "oursMs":100,"ratio":\(milliseconds / 100),"ratioLow":1,"ratioHigh":9,"maxDifference":0.00255,"range":255,\
      "peerMemoryMB":500,"oursMemoryMB":125}
      """
    }
    let machine = #"{"processor":"p","processors":2,"system":"s","commit":"c"}"#
    let text = #"{"machine":\#(machine),"versions":{},"rows":[\#(row("slow", 400)),\#(row("fast", 350))]}"#
    try folder.write(Array(text.utf8), to: "peers.json")
    #expect(try report().exitCode == 0)
    let table = try rows("Against other runtimes")
    // Two tables: only the fastest, then all.
    #expect(table.map { $0[3] } == ["peer", "fast", "peer", "fast", "slow"])
    #expect(
      table[1] == ["half", "720p", "2", "fast", "350", "100", "**3.50**", "1.00–9.00", "1.0e-05", "500", "125", "0.25"])
  }

  @Test func networksOnTheParetoFrontAreBold() throws {
    func row(_ network: String, _ likeness: Double, _ milliseconds: Double) -> String {
      """
      {"network":"\(network)","likeness":\(likeness),"fine":80,"stroke":70.25,"form":-1.5,"content":0.6125,"ms":\(milliseconds),\
      "msLow":1,"msHigh":90,"videoFps":30,"videoFpsLow":20,"videoFpsHigh":40}
      """
    }
    let machine = #"{"processor":"p","processors":2,"system":"s","commit":"c"}"#
    let networks = [row("half", 60, 80), row("quality", 70, 40), row("realtime", 65, 10)].joined(separator: ",")
    let ladder = """
      {"machine":\(machine),"iterations":500,"size":"1280x720","threads":2,"clip":"c.mp4","painting":"p.jpg","rows":[\(networks)]}
      """
    try folder.write(Array(ladder.utf8), to: "ladder.json")
    #expect(try report().exitCode == 0)
    let table = try rows("The ladder")
    #expect(table.map { $0[0] } == ["network", "**realtime**", "**quality**", "half"])
    #expect(
      table[1].dropFirst()
        == ["65.0", "80.0", "70.2", "-1.5", "0.613", "10.0", "1.00–90.0", "0.12", "30.0", "20.0–40.0"])
    #expect(try text("The ladder").contains("at the lines of\n1280x720"))
  }

  @Test func sectionsWithoutNewResultsAreKept() throws {
    let machine = #"{"processor":"p","processors":2,"commit":"c","load":0.5}"#
    let soak = """
      {"machine":\(machine),"minutes":30,"viewers":7,"sentAway":3,"changes":5,"frames":99,"firstMB":100,"lastMB":101,"growth":0.01}
      """
    try folder.write(Array(soak.utf8), to: "soak.json")
    #expect(try report().exitCode == 0)
    let (live, machines) = (try text("Live"), try rows("Machine"))
    #expect(machines.count == 1 + 1 && machines.last?.first == "soak")
    // The script does not read the report itself, only the file beside it.
    for name in ["soak.json", "RESULTS.md"] { try FileManager.default.removeItem(atPath: folder.file(name)) }
    #expect(try report().exitCode == 0)
    #expect(try text("Live") == live && rows("Machine") == machines)

    try folder.write(Array(#"{"formatVersion":2}"#.utf8), to: "RESULTS.json")
    let foreign = try report()
    #expect(foreign.exitCode == 1 && foreign.errors.contains("RESULTS.json: found format version 2, expected 1"))
  }

  @Test(arguments: ["{", #"{"machine":{}}"#])
  func errorsNameDamagedFiles(text: String) throws {
    try folder.write(Array(text.utf8), to: "framerate.json")
    let result = try report()
    #expect(result.exitCode == 1 && result.errors.contains(folder.path), "\(result.errors)")
    #expect(try folder.names == ["framerate.json"])
  }
}
