import Synchronization

/// The last seconds of a source's audio: stereo, by the source's clock.
///
/// The source appends what comes in. The reader asks for a stretch of time and gets silence for what is not there.
public final class AudioTrack: Sendable {
  /// Samples of each channel a second.
  public static let rate = 48_000

  private let ring = Mutex(AudioRing())

  /// A track without audio yet.
  public init() {}

  /// The number of the sample that is heard at `seconds` of a clock; nil where no clock goes so far: more than 2⁵²
  /// samples, three thousand years, from zero. Any two of them can be added.
  public static func sample(at seconds: Double) -> Int64? {
    let sample = (seconds * Double(rate)).rounded()
    return abs(sample) <= 0x1p52 ? Int64(sample) : nil
  }

  /// Adds samples, two floats each, that are heard from sample `time` of the source's clock on; without a time, after
  /// those before.
  public func append(_ samples: UnsafeBufferPointer<Float>, at time: Int64?) {
    ring.withLock { $0.append(samples, at: time) }
  }

  /// The end of what has come in, in samples of the source's clock; nil before the first.
  public var end: Int64? { ring.withLock { $0.isEmpty ? nil : $0.end } }

  /// Fills `samples`, two floats each, with the audio from sample `time` of the source's clock on.
  public func read(_ samples: inout [Float], at time: Int64) { ring.withLock { $0.read(&samples, at: time) } }
}

/// Samples by the time at which each is heard; the oldest give way.
private struct AudioRing {
  /// About eleven seconds: more than a reader that is paced reads ahead.
  static let capacity = 1 << 19
  /// Timestamps are rounded; nobody hears a step of 50 ms, and a gap at every packet would be heard.
  private static let tolerance: Int64 = 2400
  /// A clock that goes back by more has been set to another time.
  private static let maximumStepBack: Int64 = 24_000

  /// Sample `n` lies at `n` modulo the capacity.
  private var samples: [Float] = []
  private(set) var begin: Int64 = 0
  private(set) var end: Int64 = 0
  var isEmpty: Bool { begin == end }

  mutating func append(_ new: UnsafeBufferPointer<Float>, at time: Int64?) {
    if samples.isEmpty { samples = [Float](repeating: 0, count: 2 * Self.capacity) }
    var time = time ?? end
    if isEmpty || time > end + Int64(Self.capacity) || time < end - Self.maximumStepBack {
      (begin, end) = (time, time)
    } else if abs(time - end) <= Self.tolerance {
      time = end
    }
    while end < time { put(0, 0) }
    let skipped = Int(end - time)
    for index in stride(from: 2 * skipped, to: new.count - 1, by: 2) { put(new[index], new[index + 1]) }
  }

  private mutating func put(_ left: Float, _ right: Float) {
    let place = 2 * Int(end & Int64(Self.capacity - 1))
    samples[place] = left
    samples[place + 1] = right
    end += 1
    begin = max(begin, end - Int64(Self.capacity))
  }

  func read(_ target: inout [Float], at time: Int64) {
    for index in 0..<target.count / 2 {
      let position = time + Int64(index)
      let isKnown = position >= begin && position < end
      let place = 2 * Int(position & Int64(Self.capacity - 1))
      target[2 * index] = isKnown ? samples[place] : 0
      target[2 * index + 1] = isKnown ? samples[place + 1] : 0
    }
  }
}
