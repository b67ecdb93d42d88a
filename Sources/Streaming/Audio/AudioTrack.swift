import Synchronization

/// The most recent seconds of a source's audio, in stereo, addressed by the source's clock.
///
/// The source appends samples as they arrive. A reader asks for a range of time and gets silence wherever samples are
/// missing.
public final class AudioTrack: Sendable {
  /// Sample rate in Hz.
  public static let rate = 48_000

  private let ring = Mutex(AudioRing())

  /// Creates an empty track.
  public init() {}

  /// Returns the index of the sample that plays at `seconds`.
  ///
  /// Returns nil if the index is outside ±2⁵², about three thousand years, or if `seconds` is not a number. The sum of
  /// two indices cannot overflow.
  public static func sample(at seconds: Double) -> Int64? {
    let sample = (seconds * Double(rate)).rounded()
    return abs(sample) <= 0x1p52 ? Int64(sample) : nil
  }

  /// Appends interleaved stereo samples.
  ///
  /// - Parameter time: The index of the first sample on the source's clock; nil to continue after the last one.
  public func append(_ samples: UnsafeBufferPointer<Float>, at time: Int64?) {
    ring.withLock { $0.append(samples, at: time) }
  }

  /// The index one past the last sample received; nil before the first.
  public var end: Int64? { ring.withLock { $0.isEmpty ? nil : $0.end } }

  /// Fills `samples`, interleaved stereo, with the audio that starts at index `time` of the source's clock.
  public func read(_ samples: inout [Float], at time: Int64) { ring.withLock { $0.read(&samples, at: time) } }
}

/// A ring buffer of samples indexed by time. New samples overwrite the oldest.
private struct AudioRing {
  /// About eleven seconds, which is more than a paced reader reads ahead.
  static let capacity = 1 << 19
  /// Timestamps are rounded. A jump of up to 50 ms is inaudible, but closing it with a gap at every packet would be
  /// heard.
  private static let tolerance: Int64 = 2400
  /// A larger step back means that the clock was reset.
  private static let maximumStepBack: Int64 = 24_000

  /// Sample `n` is at index `n` modulo the capacity.
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
