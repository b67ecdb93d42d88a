import Threading

/// The painting times of the latest frames that were painted in the same way.
///
/// Frames of another style, stroke or work size say nothing about the next ones. A frame that is still being painted
/// counts alone when it has taken long, so that a very slow network is noticed before its first frame is complete.
struct PaintingLoad {
  private static let window = Duration.milliseconds(1500)
  /// Slow frames count for longer than the window: so many of them at least.
  private static let minimumCount = 4
  private static let maximumCount = 256
  private static let longPainting = Duration.seconds(1)

  private var generation = 0
  private var frames: [(end: ContinuousClock.Instant, milliseconds: Double)] = []
  private var begun: [Int: (start: ContinuousClock.Instant, generation: Int)] = [:]

  /// Begins a frame of the painting thread `place`.
  mutating func begin(_ place: Int, generation: Int, at time: ContinuousClock.Instant) {
    begun[place] = (time, generation)
  }

  /// Ends the frame of the painting thread `place` and returns its time in milliseconds; nil if none was begun.
  mutating func end(_ place: Int, at time: ContinuousClock.Instant) -> Double? {
    guard let frame = begun.removeValue(forKey: place) else { return nil }
    let milliseconds = frame.start.duration(to: time).milliseconds
    if frame.generation > generation {
      generation = frame.generation
      frames.removeAll(keepingCapacity: true)
    }
    if frame.generation == generation {
      if frames.count >= Self.maximumCount { frames.removeFirst(Self.maximumCount / 2) }
      frames.append((time, milliseconds))
    }
    return milliseconds
  }

  /// Returns the times of the recent frames of `generation`, or only those of unfinished ones that have taken long.
  func milliseconds(generation: Int, at time: ContinuousClock.Instant) -> [Double] {
    let done = generation == self.generation ? frames : []
    let count = max(done.count { $0.end >= time - Self.window }, min(done.count, Self.minimumCount))
    let open = begun.values.filter { $0.generation == generation && $0.start.duration(to: time) > Self.longPainting }
    return open.isEmpty
      ? done.suffix(count).map(\.milliseconds) : open.map { $0.start.duration(to: time).milliseconds }
  }
}
