import Synchronization
import Threading

/// The work size of a source: a ladder and the controller that moves on it.
///
/// It can be used for one run after another, so that a source that is opened again keeps its size.
package final class WorkSizeAdaptation: Sendable {
  private struct State {
    var ladder: WorkSizeLadder?
    var weight = 0.0
    var controller = WorkSizeController()
    /// The latest time of painting a pixel with a network of weight 1, in milliseconds.
    var milliseconds: Double?
  }

  private let state = Mutex(State())
  private let start = ContinuousClock.now

  /// Creates an adaptation that begins at the full quality.
  package init() {}

  /// The rung for the next frames; nil before the first ``follow(full:canvasLines:weight:interval:)``.
  package var rung: WorkSizeLadder.Rung? {
    state.withLock { state in state.ladder.map { $0.rungs[min(state.controller.rung, $0.rungs.count - 1)] } }
  }

  /// Whether a painting time is known.
  package var hasMeasured: Bool { state.withLock { $0.milliseconds != nil } }

  /// The lowest rung; nil before the first ``follow(full:canvasLines:weight:interval:)``.
  package var lowest: WorkSizeLadder.Rung? { state.withLock { $0.ladder?.rungs.last } }

  /// Switches to another ladder if the source's size or the style has changed. If a painting time is known, the rung is
  /// the one that keeps up.
  ///
  /// - Parameters:
  ///   - canvasLines: The number of lines of the style's canvas; nil if there is none.
  ///   - weight: The cost of painting a pixel, relative to other styles.
  ///   - interval: The source's frame interval in milliseconds.
  package func follow(full: WorkSizeLadder.Size, canvasLines: Int?, weight: Double, interval: Double) {
    state.withLock { state in
      if let ladder = state.ladder, ladder.full == full, ladder.canvasLines == canvasLines, state.weight == weight {
        return
      }
      let other = WorkSizeLadder(below: full, canvasLines: canvasLines)
      if let milliseconds = state.milliseconds, interval > 0 {
        state.controller = WorkSizeController()
        state.controller.start(on: other, milliseconds: milliseconds * weight, interval: interval)
      } else if let ladder = state.ladder {
        state.controller.move(from: ladder, to: other)
      }
      (state.ladder, state.weight) = (other, weight)
    }
  }

  /// Takes the painting time of one frame at `rung` and switches to the rung that keeps up.
  package func start(with milliseconds: Double, at rung: WorkSizeLadder.Rung, interval: Double) {
    state.withLock { state in
      guard let ladder = state.ladder, state.weight > 0 else { return }
      let unit = milliseconds / ladder.cost(rung)
      state.milliseconds = unit / state.weight
      state.controller.start(on: ladder, milliseconds: unit, interval: interval)
    }
  }

  /// Takes the painting times of recent frames at the current rung, see ``WorkSizeController``.
  package func update(milliseconds: [Double], interval: Double) {
    state.withLock { state in
      guard let ladder = state.ladder, state.weight > 0, !milliseconds.isEmpty else { return }
      let rung = ladder.rungs[min(state.controller.rung, ladder.rungs.count - 1)]
      state.milliseconds = milliseconds.sorted()[milliseconds.count / 2] / (ladder.cost(rung) * state.weight)
      _ = state.controller.update(
        milliseconds: milliseconds, interval: interval, ladder: ladder, time: start.duration(to: .now).seconds)
    }
  }

  /// Leaves the current rung for good, because memory does not suffice. Returns false if there is no lower one.
  package func excludeRung() -> Bool {
    state.withLock { state in state.ladder.map { state.controller.excludeRung(of: $0) } ?? false }
  }
}
