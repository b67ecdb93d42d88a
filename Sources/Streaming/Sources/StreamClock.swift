import FFmpeg

/// Keeps the times of a live source on one line, across new connections and jumps of the sender's clock.
///
/// All streams of the source are moved by the same amount, so that sound stays with its picture. Times are in
/// microseconds.
struct StreamClock {
  /// A first time beyond this is the reading of a sender's clock, and the output begins at 0 instead.
  private static let maximumStart: Int64 = 10_000_000
  /// Longer steps, forwards or backwards, are jumps of the sender's clock.
  private static let maximumStep: Int64 = 10_000_000
  /// The times of one stream go backwards by no more, unless the sender's clock was set back.
  private static let maximumStepBack: Int64 = 100_000

  private struct StreamState {
    var offset: Int64
    var latest: Int64
    /// How many jumps it has followed.
    var jumps: Int
  }

  private var streams: [Int: StreamState] = [:]
  private var offset: Int64?
  /// The latest time of all streams.
  private var latest: Int64 = 0
  private var jumps = 0
  /// How long the source was away, where it has just come back.
  private var absence: Int64?

  /// Notes that another connection begins, `absence` seconds after the last packet of the one before.
  mutating func reconnect(after absence: Double) {
    self.absence = Int64(max(0, min(absence, 1e9)) * 1e6)
    streams.removeAll()
  }

  /// What to add to `time`, the decoding time of the next packet, which is of that stream.
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
        // The first stream to jump takes the others along.
        offset = latest + 1 - time
        jumps += 1
      }
      // Packets from before the jump may come later than the first one from behind it, so each stream jumps when it
      // does.
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
  /// The time that orders it among the packets of all streams, in microseconds; nil if unknown.
  func microseconds(in timeBase: Rational) -> Int64? {
    (dts ?? pts).map { timeBase.rescale($0, to: .microseconds) }
  }

  /// Moves its times by as many microseconds.
  func shift(by microseconds: Int64, in timeBase: Rational) {
    guard microseconds != 0 else { return }
    let steps = Rational.microseconds.rescale(microseconds, to: timeBase)
    pts = pts.map { $0 + steps }
    dts = dts.map { $0 + steps }
  }
}
