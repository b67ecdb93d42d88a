import Console
import Foundation
import Testing

@Suite struct ProgressReporterTests {
  private func reporter(
    _ screen: ScreenRecording, total: Int?, completed: Int = 0, units: ProgressReporter.Units = .frames,
    isTerminal: Bool, width: Int = 100, mode: ProgressMode = .bar
  ) -> ProgressReporter {
    ProgressReporter(
      title: "Painting", total: total, completed: completed, units: units, mode: mode,
      output: screen.output(isTerminal: isTerminal, width: width), now: screen.clock)
  }

  @Test func terminalShowsBarRateAndTimeLeft() {
    let screen = ScreenRecording()
    let progress = reporter(screen, total: 200, isTerminal: true)
    screen.advance(by: .seconds(2))
    progress.update(completed: 50, detail: "loss 1.2e5")
    #expect(
      screen.statusLine
        == "Painting  25% [======>                       ]  50/200 frames  25.0 fps  ETA 0:06  loss 1.2e5")
  }

  @Test func narrowTerminalsLoseTheBarFirst() {
    let screen = ScreenRecording()
    let progress = reporter(screen, total: 200, isTerminal: true, width: 50)
    screen.advance(by: .seconds(2))
    progress.update(completed: 50)
    #expect(screen.statusLine == "Painting  25%  50/200 frames  25.0 fps  ETA 0:06")
  }

  @Test(arguments: 1...120)
  func statusLinesFitEveryWidth(width: Int) {
    let screen = ScreenRecording()
    let progress = reporter(screen, total: 1000, isTerminal: true, width: width)
    screen.advance(by: .seconds(1))
    progress.update(completed: 999, detail: "content 1.2e5 style 3.4e4")
    #expect(screen.statusLine.count <= max(1, width - 1))
    #expect(!screen.statusLine.isEmpty)
  }

  @Test func longStepsShowTheTimeLeftFromTheFirstOne() {
    for showsFirstStep in [true, false] {
      let screen = ScreenRecording()
      let progress = ProgressReporter(
        title: "Training", total: 100, showsFirstStep: showsFirstStep,
        output: screen.output(isTerminal: false, width: 80), now: screen.clock)
      screen.advance(by: .seconds(2))
      progress.update(completed: 1)
      #expect(screen.lines.count == (showsFirstStep ? 1 : 0))
      if showsFirstStep { #expect(screen.lines.first?.contains("ETA 3:18") == true, "\(screen.lines)") }
      screen.advance(by: .seconds(2))
      progress.update(completed: 2)
      #expect(screen.lines.count == (showsFirstStep ? 1 : 0), "later lines keep the interval")
    }
  }

  @Test func redrawsAtMostTenTimesASecond() {
    let screen = ScreenRecording()
    let progress = reporter(screen, total: 1000, isTerminal: true)
    for frame in 1...1000 {
      screen.advance(by: .milliseconds(1))
      progress.update(completed: frame)
    }
    #expect(screen.drawings == 10)
  }

  @Test func unknownTotalsShowTheTimeInstead() {
    let screen = ScreenRecording()
    let progress = reporter(screen, total: nil, isTerminal: true)
    screen.advance(by: .seconds(70))
    progress.update(completed: 35)
    #expect(screen.statusLine == "Painting  35 frames  0.50 fps  1:10")
  }

  @Test func rateFollowsTheLastSeconds() {
    let screen = ScreenRecording()
    let progress = reporter(screen, total: 10_000, isTerminal: true)
    // A slow start, then 40 frames per second for longer than two windows of 5 s.
    screen.advance(by: .seconds(20))
    progress.update(completed: 20)
    for frame in 1...480 {
      screen.advance(by: .milliseconds(25))
      progress.update(completed: 20 + frame)
    }
    #expect(screen.statusLine.contains(" 40.0 fps "))
  }

  @Test func resumedStepsAreShownButNotCountedAsFast() {
    let screen = ScreenRecording()
    let units = ProgressReporter.Units(steps: "iterations", rate: "images/s", perStep: 4)
    let progress = reporter(screen, total: 1000, completed: 900, units: units, isTerminal: true)
    screen.advance(by: .seconds(10))
    progress.update(completed: 910)
    #expect(screen.statusLine.contains(" 91% "))
    #expect(screen.statusLine.contains("910/1000 iterations  4.00 images/s  ETA 1:30"))
  }

  @Test func filesGetALinePerInterval() {
    let screen = ScreenRecording()
    let progress = reporter(screen, total: 300, isTerminal: false)
    for frame in 1...250 {
      screen.advance(by: .milliseconds(100))
      progress.update(completed: frame)
    }
    progress.finish()
    progress.update(completed: 299)
    progress.finish()
    #expect(
      screen.lines == [
        "Painting  33%  100/300 frames  10.0 fps  ETA 0:20",
        "Painting  66%  200/300 frames  10.0 fps  ETA 0:10",
        "Painting 250/300 frames in 0:25  10.0 fps",
      ])
  }

  @Test func lastLineReplacesTheBar() {
    let screen = ScreenRecording()
    let progress = reporter(screen, total: 100, isTerminal: true)
    screen.advance(by: .seconds(4))
    progress.update(completed: 100, detail: "loss 3")
    #expect(screen.statusLine.contains("100%"))
    progress.finish()
    #expect(screen.written.hasSuffix("\r\u{1B}[KPainting 100/100 frames in 0:04  25.0 fps  loss 3\n"))
  }

  @Test func nonePrintsNothing() {
    let screen = ScreenRecording()
    let progress = reporter(screen, total: 10, isTerminal: true, mode: .none)
    screen.advance(by: .seconds(60))
    progress.update(completed: 5)
    progress.finish()
    #expect(screen.written.isEmpty)
  }

  @Test func plainIsPlainOnATerminal() {
    let screen = ScreenRecording()
    let progress = reporter(screen, total: 200, isTerminal: true, mode: .plain)
    screen.advance(by: .seconds(10))
    progress.update(completed: 100)
    #expect(screen.written == "Painting  50%  100/200 frames  10.0 fps  ETA 0:10\n")
  }

  @Test(arguments: [true, false])
  func jsonIsOneLinePerSecond(isTerminal: Bool) throws {
    let screen = ScreenRecording()
    let units = ProgressReporter.Units(steps: "iterations", rate: "images/s", perStep: 4)
    let progress = reporter(screen, total: 100, completed: 10, units: units, isTerminal: isTerminal, mode: .json)
    progress.update(completed: 10)
    for iteration in 11...30 {
      screen.advance(by: .milliseconds(500))
      progress.update(completed: iteration, detail: "for people", losses: ["total": Double(iteration)])
    }
    progress.finish()
    progress.finish()
    let records = screen.lines.compactMap { ProgressRecord(line: $0) }
    // The first record is printed at once, then one per second, then the last.
    #expect(
      records.count == screen.lines.count
        && records.map(\.iteration) == [10] + Array(stride(from: 12, through: 30, by: 2)) + [30])
    #expect(
      records.first == ProgressRecord(task: "Painting", iteration: 10, iterations: 100, unit: "iterations"),
      "the rate is not known yet")
    // The rate counts steps, not images. 70 steps are left.
    #expect(
      records.last
        == ProgressRecord(
          task: "Painting", iteration: 30, iterations: 100, unit: "iterations", rate: 2, eta: 35, losses: ["total": 30])
    )
  }

  @Test func skipsRecordsThatJSONCannotRepresent() {
    let screen = ScreenRecording()
    let progress = reporter(screen, total: nil, isTerminal: false, mode: .json)
    progress.update(completed: 1, losses: ["total": .infinity])
    #expect(screen.written.isEmpty)
    screen.advance(by: .seconds(2))
    progress.update(completed: 2)
    #expect(
      screen.lines.map { ProgressRecord(line: $0) }
        == [ProgressRecord(task: "Painting", iteration: 2, iterations: nil, unit: "frames", rate: 1)])
  }

  @Test func oddTotalsDoNotTrap() {
    for (total, completed) in [(0, 0), (0, 5), (10, 12), (10, -1)] {
      let screen = ScreenRecording()
      let progress = reporter(screen, total: total, isTerminal: true)
      progress.update(completed: completed)
      screen.advance(by: .seconds(1))
      progress.update(completed: completed)
      #expect(screen.statusLine.contains("\(completed)/\(total) frames"))
    }
  }
}
