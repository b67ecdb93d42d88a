import FFmpeg
import Foundation
import Synchronization

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

/// What stands between two stages: slots, taken in order.
///
/// Each queue numbers the slots as it hands them out, from 0. Several threads may fill an ordered one in any order: it
/// hands out slots by the numbers that they have from the queue before.
final class SlotQueue: @unchecked Sendable {
  private let condition = NSCondition()
  private let capacity: Int
  private let dropsOldest: Bool
  private let isOrdered: Bool
  // Guarded by `condition`.
  private var slots: [FrameSlot] = []
  private var taken = 0
  private var openProducers: Int
  private var isClosed = false

  /// An empty queue for at most `capacity` slots, that ends when `finish` has been called `producers` times. Where it
  /// is full, `push` waits, or with `dropsOldest` the oldest slot gives way.
  init(capacity: Int, dropsOldest: Bool = false, producers: Int = 1, isOrdered: Bool = false) {
    self.capacity = max(1, capacity)
    self.dropsOldest = dropsOldest
    self.isOrdered = isOrdered
    openProducers = producers
    slots.reserveCapacity(self.capacity)
  }

  /// Puts `slot` in; returns a slot that comes too late: one that gives way, or `slot` itself where the queue is
  /// closed.
  func push(_ slot: FrameSlot) -> FrameSlot? {
    condition.lock()
    defer { condition.unlock() }
    // The next one in order has a place always: without it, the queue would stay full.
    while slots.count >= capacity, !dropsOldest, !isClosed, !(isOrdered && slot.number == taken) { condition.wait() }
    if isClosed { return slot }
    let late = slots.count >= capacity && dropsOldest ? slots.removeFirst() : nil
    slots.append(slot)
    condition.broadcast()
    return late
  }

  /// Takes the next slot, waiting for it; nil once the queue is closed without it.
  func pop() -> FrameSlot? {
    condition.lock()
    defer { condition.unlock() }
    while true {
      let next = isOrdered ? slots.firstIndex { $0.number == taken } : slots.indices.first
      if let next {
        let slot = slots.remove(at: next)
        slot.number = taken
        taken += 1
        condition.broadcast()
        return slot
      }
      if isClosed { return nil }
      condition.wait()
    }
  }

  /// Says that one of the producers will push nothing more.
  func finish() {
    condition.lock()
    openProducers -= 1
    isClosed = isClosed || openProducers <= 0
    condition.broadcast()
    condition.unlock()
  }

  /// Ends the queue and drops what is in it.
  func cancel() {
    condition.lock()
    isClosed = true
    slots.removeAll()
    condition.broadcast()
    condition.unlock()
  }
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

/// Which frames of a source are painted.
public enum FramePolicy: Hashable, Sendable {
  /// Every one, in order: the source waits while all slots are under way.
  case every
  /// The newest: a frame that a newer one overtakes before its painting is dropped and counted.
  case newest
}
