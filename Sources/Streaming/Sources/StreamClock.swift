import FFmpeg

/// Maps the timestamps of a source to one continuous timeline, across jumps of its clock and reconnections.
///
/// The clock of a live source jumps when the sender starts again, that of a file where recordings were joined. All
/// streams shift by the same amount, so that audio stays in sync. What follows a jump begins where what precedes it
/// ended, as in ffmpeg. Times are in microseconds.
package struct StreamClock {
  /// Within one stream, a larger step back means that the clock was reset.
  private static let maximumStepBack: Int64 = 100_000
  /// Larger times, of either sign, are damage. The sum of a few of them cannot overflow.
  private static let maximumTime: Int64 = 1 << 59

  private struct StreamState {
    var offset: Int64
    /// The latest decoding time; nil directly after a jump.
    var latest: Int64?
    /// The number of jumps that this stream has followed.
    var jumps: Int
  }

  /// Longer steps in either direction are jumps. If the first time is further from 0 than this, it comes from the
  /// sender's clock, and the timeline starts at 0 instead.
  private let maximumStep: Int64
  private var streams: [Int: StreamState] = [:]
  /// The latest offset of all streams; nil if it depends on the first packet.
  private var offset: Int64?
  private var hasBegun = false
  /// The latest decoding time of all streams.
  private var latest: Int64 = 0
  /// The latest end of a packet's presentation.
  private var end: Int64 = 0
  private var jumps = 0
  /// The length of the gap, if the source has just reconnected.
  private var absence: Int64?

  /// - Parameters:
  ///   - maximumStep: In seconds.
  ///   - start: The first time of all streams; nil for that of the first packet.
  package init(maximumStep: Double, start: Int64?) {
    self.maximumStep = Int64(max(0, min(maximumStep, 1e9)) * 1e6)
    offset = start.map { initialOffset(Self.limited($0)) }
  }

  /// Starts a new connection, `absence` seconds after the last packet of the previous one.
  package mutating func reconnect(after absence: Double) {
    self.absence = Int64(max(0, min(absence, 1e9)) * 1e6)
    streams.removeAll()
  }

  /// Returns the offset to add to the times of the stream's next packet.
  ///
  /// - Parameters:
  ///   - time: The decoding time of the packet.
  ///   - presentation: When it is presented, from beginning to end.
  package mutating func offset(for time: Int64, presentation: (begin: Int64, end: Int64), stream: Int) -> Int64 {
    let time = Self.limited(time)
    // A packet that is presented long after it is decoded is damaged.
    let begin = min(max(Self.limited(presentation.begin), time - maximumStep), time + maximumStep)
    let end = min(max(Self.limited(presentation.end), begin + 1), begin + maximumStep + 1)
    if !hasBegun {
      offset = offset ?? initialOffset(time)
      latest = time + (offset ?? 0)
      hasBegun = true
    } else if let absence {
      offset = latest + max(1, absence) - time
    }
    absence = nil
    var state = streams[stream] ?? StreamState(offset: offset ?? 0, jumps: jumps)
    let common = offset ?? 0
    // Packets from before the jump may arrive after the first packet that follows it, so each stream jumps on its own.
    if state.jumps < jumps, abs(time + common - latest) < abs(time + state.offset - latest) {
      state = StreamState(offset: common, jumps: jumps)
    }
    if isJump(time, state) {
      // The first stream to jump sets the new offset for all.
      let continued = self.end - begin
      offset = continued
      jumps += 1
      state = StreamState(offset: continued, jumps: jumps)
    }
    state.latest = time + state.offset
    latest = max(latest, time + state.offset)
    self.end = max(self.end, end + state.offset)
    streams[stream] = state
    return state.offset
  }

  /// The offset to add to the times of a packet that has no decoding time, as of its stream's last packet.
  package func offset(ofStream stream: Int) -> Int64 { streams[stream]?.offset ?? offset ?? 0 }

  private func initialOffset(_ start: Int64) -> Int64 { abs(start) > maximumStep ? -start : 0 }

  private func isJump(_ time: Int64, _ state: StreamState) -> Bool {
    let moved = time + state.offset
    if let own = state.latest, moved < own - Self.maximumStepBack { return true }
    return abs(moved - latest) > maximumStep
  }

  private static func limited(_ time: Int64) -> Int64 { min(max(time, -maximumTime), maximumTime) }
}

extension Packet {
  /// Moves the times of this packet of a stream to the timeline of `clock`. Packets without a time stay as they are.
  ///
  /// - Parameter isOrdered: Whether the packets of all streams have decoding times. Those of some live sources have
  ///   only presentation times.
  func move(to clock: inout StreamClock, stream: Int, timeBase: Rational, isOrdered: Bool) {
    var offset = clock.offset(ofStream: stream)
    if let decoding = dts ?? (isOrdered ? nil : pts) {
      let begin = pts ?? decoding
      func microseconds(_ time: Int64) -> Int64 { timeBase.rescale(time, to: .microseconds) }
      offset = clock.offset(
        for: microseconds(decoding),
        presentation: (microseconds(begin), microseconds(begin &+ max(0, duration))), stream: stream)
    }
    guard offset != 0 else { return }
    let steps = Rational.microseconds.rescale(offset, to: timeBase)
    pts = pts.map { $0 &+ steps }
    dts = dts.map { $0 &+ steps }
  }
}
