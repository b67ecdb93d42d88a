import Streaming
import Synchronization

/// The progress of a run whose number of frames is known when it begins.
final class PartDisplay: Sendable {
  private let make: @Sendable (_ title: String, _ total: Int, _ completed: Int) -> RunDisplay
  private let display = Mutex<RunDisplay?>(nil)

  init(_ make: @escaping @Sendable (_ title: String, _ total: Int, _ completed: Int) -> RunDisplay) { self.make = make }

  func show(_ frames: Int, of total: Int, title: String) {
    let shown = display.withLock { display in
      let shown = display ?? make(title, total, frames)
      display = shown
      return shown
    }
    shown.show(framesWritten: frames)
  }

  func finish(_ numbers: StylizationStatistics) { display.withLock { $0 }?.finish(numbers) }
}
