import Console
import Foundation
import Logging
import Testing

@Suite struct ConsoleOutputTests {
  @Test func linesAppearAboveTheStatusLine() {
    let screen = ScreenRecording()
    let output = screen.output(isTerminal: true)
    output.showStatus("half done")
    output.printLine("a warning")
    #expect(screen.written == "half done" + "\r\u{1B}[K" + "a warning\n" + "half done")
    output.clearStatus()
    #expect(screen.statusLine.isEmpty)
    output.clearStatus()
    #expect(screen.written.hasSuffix("half done\r\u{1B}[K"))
  }

  @Test func statusLinesAreCutToTheWidth() {
    let screen = ScreenRecording()
    screen.output(isTerminal: true, width: 10).showStatus("0123456789ABC")
    #expect(screen.statusLine == "012345678")
  }

  @Test func filesGetNoStatusLine() {
    let screen = ScreenRecording()
    let output = screen.output(isTerminal: false)
    output.showStatus("half done")
    output.printLine("a line")
    #expect(screen.written == "a line\n")
  }

  @Test func warningsNameTheProgram() {
    let screen = ScreenRecording()
    let output = screen.output(isTerminal: true)
    var logger = Logger(label: "any") { _ in WarningLogHandler(program: "paint", output: output) }
    output.showStatus("busy")
    logger.info("not shown")
    logger[metadataKey: "count"] = "3"
    logger.warning("photos skipped", metadata: ["at": "night"])
    logger.error("no luck")
    #expect(
      screen.written.components(separatedBy: "\r\u{1B}[K").dropFirst().map { $0 } == [
        "paint: warning: photos skipped (at: night, count: 3)\nbusy",
        "paint: error: no luck (count: 3)\nbusy",
      ])
  }
}
