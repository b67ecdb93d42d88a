/// Chooses the highest rung at which painting keeps up with the source.
///
/// The controller steps down when frames take longer than the source's interval, by as many rungs as necessary.
/// It steps up one rung at a time when that leaves ample headroom. If a step up turns out to be wrong, it waits longer
/// before it tries that rung again.
package struct WorkSizeController: Sendable {
  /// Above this share of the frame interval, painting falls behind.
  private static let maximumLoad = 0.97
  /// The target load of a step down and of the first rung.
  private static let aim = 0.82
  /// The maximum predicted load of a step up. It is less than the aim, to prevent oscillation.
  private static let loadForUp = 0.72
  /// In seconds. Before the first step down, the rung is that of a rough measurement, so steps up come sooner.
  private static let (searchHold, minimumHold) = (1.0, 3.0)
  private static let maximumHold = 60.0
  /// How long a load must last for a step down: a high one, and one that is more than twice as high.
  private static let (patience, shortPatience) = (1.5, 0.5)
  /// A step down within this many seconds of a step up means that the step up was wrong.
  private static let trial = 10.0
  /// Four frames decide, or fewer if they have taken this long together, in milliseconds.
  private static let (enoughFrames, enoughTime) = (4, 1000.0)

  /// The current rung. Rung 0 is the full quality.
  package private(set) var rung = 0
  /// The highest rung for which memory suffices.
  private var highest = 0
  private var isSearching = false
  private var lastChange: Double?
  private var lastUp: Double?
  /// The rungs that have turned out to be too high: when to try them again, and how long the wait was.
  private var failures: [Int: (retry: Double, hold: Double)] = [:]

  /// Creates a controller on the first rung.
  package init() {}

  /// Updates and returns the rung for the next frames.
  ///
  /// - Parameters:
  ///   - milliseconds: The painting times of recent frames on the current rung.
  ///   - interval: The source's frame interval in milliseconds; 0 if unknown.
  ///   - time: Seconds since an arbitrary start.
  package mutating func update(milliseconds: [Double], interval: Double, ladder: WorkSizeLadder, time: Double) -> Int {
    rung = min(rung, ladder.rungs.count - 1)
    guard interval > 0, milliseconds.count >= Self.enoughFrames || milliseconds.reduce(0, +) >= Self.enoughTime else {
      return rung
    }
    let start = lastChange ?? time
    lastChange = start
    let sorted = milliseconds.sorted()
    let cost = ladder.cost(ladder.rungs[rung])
    // The median, because a single slow frame is no reason to step down.
    let usual = sorted[sorted.count / 2]
    // A few slow frames are a reason not to step up.
    let slow = sorted[sorted.count * 3 / 4]
    let patience = usual > 2 * interval ? Self.shortPatience : Self.patience
    if usual > Self.maximumLoad * interval, time - start >= patience {
      let fitting = Self.fitting(ladder, milliseconds: usual / cost, interval: interval)
      if fitting > rung {
        if let lastUp, time - lastUp < Self.trial {
          let hold = min(Self.maximumHold, 2 * (failures[rung]?.hold ?? Self.minimumHold))
          failures[rung] = (time + hold, hold)
        } else {
          failures[rung] = nil
        }
        (lastUp, isSearching) = (nil, false)
        change(to: fitting, time)
      }
    } else if rung > highest, time - start >= (isSearching ? Self.searchHold : Self.minimumHold),
      time >= failures[rung - 1]?.retry ?? time,
      slow * ladder.cost(ladder.rungs[rung - 1]) / cost <= Self.loadForUp * interval
    {
      change(to: rung - 1, time)
      lastUp = time
    }
    return rung
  }

  /// Returns the highest rung that keeps up if a unit of cost takes `milliseconds`; the last one if none does.
  private static func fitting(_ ladder: WorkSizeLadder, milliseconds: Double, interval: Double) -> Int {
    ladder.rungs.firstIndex { milliseconds * ladder.cost($0) <= aim * interval } ?? ladder.rungs.count - 1
  }

  /// Switches to the rung of `ladder` that keeps up if a unit of cost takes `milliseconds`.
  package mutating func start(on ladder: WorkSizeLadder, milliseconds: Double, interval: Double) {
    rung = max(highest, Self.fitting(ladder, milliseconds: milliseconds, interval: interval))
    (lastChange, lastUp, isSearching) = (nil, nil, true)
  }

  /// Switches to the rung of another ladder that is nearest in size.
  package mutating func move(from ladder: WorkSizeLadder, to other: WorkSizeLadder) {
    let area = ladder.rungs[min(rung, ladder.rungs.count - 1)].size.area
    func distance(_ rung: Int) -> Double { abs(other.rungs[rung].size.area - area) }
    highest = 0
    failures = [:]
    rung = other.rungs.indices.min { distance($0) < distance($1) } ?? 0
  }

  /// Leaves the current rung for the next lower one, for good, because memory does not suffice. Returns false if there
  /// is none.
  package mutating func excludeRung(of ladder: WorkSizeLadder) -> Bool {
    guard rung + 1 < ladder.rungs.count else { return false }
    highest = rung + 1
    rung = highest
    return true
  }

  private mutating func change(to rung: Int, _ time: Double) {
    self.rung = rung
    lastChange = time
  }
}
