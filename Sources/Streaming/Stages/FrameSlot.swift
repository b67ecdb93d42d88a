import FFmpeg
import Foundation

/// One frame on its way, with all the memory that it needs; it belongs to the stage that has taken it from a queue.
final class FrameSlot: @unchecked Sendable {
  /// As decoded; shares the decoder's memory.
  let source: Frame
  /// When it came in.
  var arrival = ContinuousClock.now
  /// Seconds from the first frame's time to its own.
  var time = 0.0
  /// How it is to be painted; nil once that is done, so that stylizers live no longer than needed.
  var recipe: FrameRecipe?
  /// What of the source shows through.
  var blend = FrameBlend()
  /// RGB24 at the work size, upright.
  var work = ScratchFrame()
  /// The same, painted.
  var painted = ScratchFrame()
  /// As the sink takes it.
  var output = ScratchFrame()
  /// Its place among those that were taken from the latest queue.
  var number = 0
  /// Whether it has been painted.
  var isPainted = false

  init() throws { source = try Frame() }
}

/// A fixed number of slots, and the queues on their way round: the memory does not depend on the number of frames.
final class SlotCircle: Sendable {
  let free: SlotQueue
  let decoded: SlotQueue
  let converted: SlotQueue
  let painted: SlotQueue
  let finished: SlotQueue
  private let isOver = DispatchSemaphore(value: 0)

  /// Slots for as many `painters`; `count` is their number, nil for what the policy needs.
  init(_ policy: FramePolicy, painters: Int, count: Int?) throws {
    let needed =
      switch policy {
      // One in each thread.
      case .every: 4 + painters
      // One in each thread and each queue, and one for the decoder to begin on.
      case .newest: 9 + painters
      }
    let count = max(1, count ?? needed)
    // Only in the two queues before the painting a frame may give way: what is painted is too dear.
    let (capacity, drops) = policy == .every ? (count, false) : (1, true)
    free = SlotQueue(capacity: count)
    decoded = SlotQueue(capacity: capacity, dropsOldest: drops)
    converted = SlotQueue(capacity: capacity, dropsOldest: drops)
    painted = SlotQueue(capacity: capacity, producers: painters, isOrdered: true)
    finished = SlotQueue(capacity: capacity)
    for _ in 0..<count { recycle(try FrameSlot()) }
  }

  /// Lets the slot be filled again.
  func recycle(_ slot: FrameSlot) {
    slot.source.unreference()
    slot.recipe = nil
    _ = free.push(slot)
  }

  /// Ends all queues at once.
  func cancel() {
    for queue in [free, decoded, converted, painted, finished] { queue.cancel() }
    end()
  }

  /// Notes that the last slot has gone round.
  func end() { isOver.signal() }

  /// Waits that long, or until the end; returns whether that has come.
  func waitForEnd(milliseconds: Int) -> Bool { isOver.wait(timeout: .now() + .milliseconds(milliseconds)) == .success }
}
