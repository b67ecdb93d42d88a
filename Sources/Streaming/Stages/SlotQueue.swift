import Foundation

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
