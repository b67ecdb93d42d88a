import FFmpeg

/// Maps the timestamps of a live source to one continuous timeline, across reconnections and jumps of the sender's
/// clock.
///
/// All streams of the source shift by the same amount, so that audio stays in sync. Times are in microseconds.
struct StreamClock {
  /// If the first timestamp is greater than this, it comes from the sender's clock, and the output starts at 0 instead.
  private static let maximumStart: Int64 = 10_000_000
  /// Longer steps in either direction are jumps of the sender's clock.
  private static let maximumStep: Int64 = 10_000_000
  /// Within one stream, a larger step back means that the sender's clock was reset.
  private static let maximumStepBack: Int64 = 100_000

  private struct StreamState {
    var offset: Int64
    var latest: Int64
    /// The number of jumps that this stream has followed.
    var jumps: Int
  }

  private var streams: [Int: StreamState] = [:]
  private var offset: Int64?
  /// The latest time of all streams.
  private var latest: Int64 = 0
  private var jumps = 0
  /// The length of the gap, if the source has just reconnected.
  private var absence: Int64?

  /// Starts a new connection, `absence` seconds after the last packet of the previous one.
  mutating func reconnect(after absence: Double) {
    self.absence = Int64(max(0, min(absence, 1e9)) * 1e6)
    streams.removeAll()
  }

  /// Returns the offset to add to `time`, the decoding timestamp of the stream's next packet.
  mutating func offset(for time: Int64, stream: Int) -> Int64 {
    if offset == nil {
      offset = abs(time) > Self.maximumStart ? -time : 0
      latest = time + (offset ?? 0)
    } else if let absence {
      offset = latest + max(1, absence) - time
    }
    absence = nil
    let common = offset ?? 0
    var state = streams[stream] ?? StreamState(offset: common, latest: time + common, jumps: jumps)
    if isJump(time, state) {
      if state.jumps == jumps {
        // The first stream to jump sets the new offset for all.
        offset = latest + 1 - time
        jumps += 1
      }
      // Packets from before the jump may arrive after the first packet that follows it, so each stream jumps on its
      // own.
      state.offset = offset ?? 0
      state.jumps = jumps
    }
    state.latest = time + state.offset
    latest = max(latest, state.latest)
    streams[stream] = state
    return state.offset
  }

  private func isJump(_ time: Int64, _ state: StreamState) -> Bool {
    let moved = time + state.offset
    return moved < state.latest - Self.maximumStepBack || abs(moved - latest) > Self.maximumStep
  }
}

extension Packet {
  /// The timestamp that orders packets of all streams, in microseconds; nil if unknown.
  func microseconds(in timeBase: Rational) -> Int64? {
    (dts ?? pts).map { timeBase.rescale($0, to: .microseconds) }
  }

  /// Shifts the timestamps.
  func shift(by microseconds: Int64, in timeBase: Rational) {
    guard microseconds != 0 else { return }
    let steps = Rational.microseconds.rescale(microseconds, to: timeBase)
    pts = pts.map { $0 + steps }
    dts = dts.map { $0 + steps }
  }
}
