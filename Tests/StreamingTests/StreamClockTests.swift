import Streaming
import Testing

@Suite struct StreamClockTests {
  /// Returns the times of packets on the clock's timeline. Each packet lasts 40 ms; times are in milliseconds.
  private func moved(_ clock: inout StreamClock, _ packets: [(stream: Int, time: Int64)]) -> [Int64] {
    packets.map { packet in
      let time = packet.time * 1000
      let offset = clock.offset(for: time, presentation: (time, time + 40_000), stream: packet.stream)
      return (time + offset) / 1000
    }
  }

  private func moved(_ clock: inout StreamClock, _ times: [Int64]) -> [Int64] {
    moved(&clock, times.map { (stream: 0, time: $0) })
  }

  @Test func ordinaryTimesStay() {
    var clock = StreamClock(maximumStep: 10, start: 5_000_000)
    let times: [Int64] = [5000, 5040, 5080, 9000, 18_000]
    #expect(moved(&clock, times) == times)
  }

  @Test func aClockThatStartsAgainGoesOn() {
    var clock = StreamClock(maximumStep: 10, start: 0)
    #expect(moved(&clock, [1400, 1440, 1480, 1520, 1560, 1400, 1440]) == [1400, 1440, 1480, 1520, 1560, 1600, 1640])
  }

  @Test func aLongStepForwardIsClosed() {
    var clock = StreamClock(maximumStep: 10, start: 0)
    #expect(moved(&clock, [0, 40, 3_600_000, 3_600_040]) == [0, 40, 80, 120])
    var patient = StreamClock(maximumStep: 4000, start: 0)
    #expect(moved(&patient, [0, 40, 3_600_000]) == [0, 40, 3_600_000])
  }

  @Test func aDistantStartMovesToZero() {
    var clock = StreamClock(maximumStep: 10, start: 50_000_000_000)
    #expect(moved(&clock, [50_000_080, 50_000_120]) == [80, 120])
    var live = StreamClock(maximumStep: 10, start: nil)
    #expect(moved(&live, [50_000_080, 50_000_120]) == [0, 40])
  }

  /// All streams shift alike, also those whose packets come late or seldom.
  @Test func streamsStayInSync() {
    var clock = StreamClock(maximumStep: 10, start: 0)
    let before = moved(&clock, [(0, 0), (1, 0), (2, 20), (0, 2960), (1, 2960)])
    #expect(before == [0, 0, 20, 2960, 2960])
    // A late packet of stream 1 from before the jump, then one from after it; stream 2 has been silent for long.
    let after = moved(&clock, [(0, 0), (1, 2980), (1, 10), (0, 2000), (2, 1900)])
    #expect(after == [3000, 2980, 3010, 5000, 4900])
  }

  @Test func reconnectionsLeaveAGap() {
    var clock = StreamClock(maximumStep: 10, start: nil)
    #expect(moved(&clock, [0, 40]) == [0, 40])
    clock.reconnect(after: 2)
    #expect(moved(&clock, [700, 740]) == [2040, 2080])
  }

  @Test func absurdTimesAreHarmless() {
    var clock = StreamClock(maximumStep: .infinity, start: .min)
    for time in [0, .max, .min, -1, .max, 7] as [Int64] {
      _ = clock.offset(for: time, presentation: (time, .max), stream: 0)
      _ = clock.offset(for: time, presentation: (.min, time), stream: 1)
    }
  }
}
