import Foundation

/// A queue of slots between two stages.
///
/// Each queue numbers the slots from 0 as it hands them out. Several threads may push to an ordered queue in any order:
/// it hands out slots by their numbers from the previous queue.
final class SlotQueue: @unchecked Sendable {
  private let condition = NSCondition()
  private let capacity: Int
  private let dropsOldest: Bool
  private let isOrdered: Bool
  // Protected by `condition`.
  private var slots: [FrameSlot] = []
  private var taken = 0
  private var openProducers: Int
  private var isClosed = false

  /// Creates an empty queue for at most `capacity` slots, which ends after `producers` calls to ``finish()``. If the
  /// queue is full, ``push(_:)`` waits or, with `dropsOldest`, drops the oldest slot.
  init(capacity: Int, dropsOldest: Bool = false, producers: Int = 1, isOrdered: Bool = false) {
    self.capacity = max(1, capacity)
    self.dropsOldest = dropsOldest
    self.isOrdered = isOrdered
    openProducers = producers
    slots.reserveCapacity(self.capacity)
  }

  /// Adds `slot`. Returns the slot that was dropped for it, or `slot` itself if the queue is closed.
  func push(_ slot: FrameSlot) -> FrameSlot? {
    condition.lock()
    defer { condition.unlock() }
    // The next slot in order is always accepted: without it, the queue would stay full.
    while slots.count >= capacity, !dropsOldest, !isClosed, !(isOrdered && slot.number == taken) { condition.wait() }
    if isClosed { return slot }
    let late = slots.count >= capacity && dropsOldest ? slots.removeFirst() : nil
    slots.append(slot)
    condition.broadcast()
    return late
  }

  /// Removes the next slot, and waits for it if necessary. Returns nil if the queue closes first.
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

  /// Declares that one producer has finished.
  func finish() {
    condition.lock()
    openProducers -= 1
    isClosed = isClosed || openProducers <= 0
    condition.broadcast()
    condition.unlock()
  }

  /// Closes the queue and discards its slots.
  func cancel() {
    condition.lock()
    isClosed = true
    slots.removeAll()
    condition.broadcast()
    condition.unlock()
  }
}
