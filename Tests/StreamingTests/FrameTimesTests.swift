import FFmpeg
import Streaming
import Testing

@Suite struct FrameTimesTests {
  private let milliseconds = Rational(1, 1000)
  private let frame = Rational(1, 25)

  /// Returns the places of all frames, with repetitions as negative numbers minus one, and nil for dropped frames.
  private func places(_ times: inout FrameTimes, _ all: [Int64], duration: Int64 = 40) -> [Int64?] {
    all.flatMap { time -> [Int64?] in
      let placement = times.place(time, duration: duration)
      return placement.repetitions.map { -$0 - 1 } + [placement.pts]
    }
  }

  @Test func aVariableRateKeepsEveryTime() {
    var times = FrameTimes(.variable, from: milliseconds, to: Rational(1, 500))
    #expect(places(&times, [100, 140, 140, 3000]) == [50, 70, 71, 1500])
    let last = times.place(4000, duration: 10)
    #expect(last.repetitions.isEmpty && last.pts == 2000 && last.duration == 5)
    #expect(times.finish().isEmpty && times.repeatedCount == 0 && times.droppedCount == 0)
    #expect(!times.countsFromFirstFrame)
  }

  @Test func aCodecsRateCountsFromTheFirstFrame() {
    var times = FrameTimes(.ofCodec, from: milliseconds, to: frame)
    #expect(places(&times, [540, 580, 621, 740]) == [0, 1, 2, 5])
    #expect(times.countsFromFirstFrame)
    #expect(times.packetTime(0) == 540 && times.packetTime(5) == 740 && times.packetTime(-1) == 500)
    #expect(times.finish().isEmpty && times.repeatedCount == 0)
  }

  @Test func aContainersRateIsFilledOrLeavesPlacesEmpty() {
    let all: [Int64] = [40, 80, 200, 240]
    var filled = FrameTimes(.ofContainer(isFilled: true, startsAtFirst: true), from: milliseconds, to: frame)
    #expect(places(&filled, all) == [0, 1, -3, -4, 4, 5])
    #expect(filled.repeatedCount == 2)
    // Beside sound, time 0 is the sound's.
    var synchronous = FrameTimes(.ofContainer(isFilled: true, startsAtFirst: false), from: milliseconds, to: frame)
    #expect(places(&synchronous, [80, 120]) == [-1, -2, 2, 3])
    var empty = FrameTimes(.ofContainer(isFilled: false, startsAtFirst: true), from: milliseconds, to: frame)
    #expect(places(&empty, all) == [0, 1, 4, 5])
    #expect(empty.repeatedCount == 0)
  }

  @Test func unsteadyTimesNeitherRepeatNorDrop() {
    var times = FrameTimes(.ofContainer(isFilled: true, startsAtFirst: true), from: milliseconds, to: frame)
    #expect(places(&times, [0, 62, 70, 118, 191, 200]) == [0, 1, 2, 3, 4, 5])
    #expect(times.repeatedCount == 0 && times.droppedCount == 0)
  }

  @Test func framesThatComeTooOftenAreDropped() {
    var times = FrameTimes(.ofContainer(isFilled: true, startsAtFirst: true), from: milliseconds, to: frame)
    let found = places(&times, (0..<100).map { 20 * $0 }, duration: 20)
    #expect(found.compactMap(\.self) == (0..<52).map { Int64($0) })
    #expect(times.droppedCount == 48)
  }

  @Test func theLastFrameKeepsItsDuration() {
    for (isFilled, last) in [(true, Int64(2)..<5), (false, 4..<5)] {
      var times = FrameTimes(.ofContainer(isFilled: isFilled, startsAtFirst: true), from: milliseconds, to: frame)
      #expect(places(&times, [0]) == [0])
      #expect(times.place(40, duration: 160).pts == 1)
      #expect(times.finish() == last)
    }
    var steady = FrameTimes(.ofContainer(isFilled: true, startsAtFirst: true), from: milliseconds, to: frame)
    _ = places(&steady, [0, 40, 80])
    #expect(steady.finish().isEmpty)
  }

  @Test func absurdTimesEnd() {
    var times = FrameTimes(.ofContainer(isFilled: true, startsAtFirst: true), from: milliseconds, to: frame)
    for time in [0, .max, .min, 40, .max - 1, 1 << 60] as [Int64] {
      #expect(times.place(time, duration: .max).repetitions.count <= 90_000)
    }
    #expect(times.finish().isEmpty)
  }
}
