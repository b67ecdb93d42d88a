import FFmpeg
import Foundation
import Imaging

/// A frame in the pipeline, with all the buffers that its stages need. It belongs to the stage that has popped it from
/// a queue.
final class FrameSlot: @unchecked Sendable {
  /// The decoded frame, which shares the decoder's memory.
  let source: Frame
  /// When the source frame arrived.
  var arrival = ContinuousClock.now
  /// Seconds since the first frame, by timestamps.
  var time = 0.0
  /// How to paint the frame. Set to nil after painting, so that stylizers are released early.
  var recipe: FrameRecipe?
  /// The size and the canvas of the painting; nil before the first.
  var rung: WorkSizeLadder.Rung?
  /// How to blend the painted frame with the source.
  var blend = FrameBlend()
  /// The stylizer's input, upright and at the work size, and its output.
  var pictures = FramePictures()
  /// The same for the other field, the one of the odd rows, if the frame is painted field by field.
  var bottomField: FramePictures?
  /// The frame of the mask's film, or the source frame with its alpha.
  var maskFrame: Frame?
  /// Where the frame is painted; nil for everywhere.
  var mask: MaskPlane?
  /// The memory of a mask that belongs to this frame alone.
  var ownMask: MaskPlane?
  /// The frame in the sink's format.
  var output = ScratchFrame()
  /// The frame's position in the queue from which it was last popped.
  var number = 0
  /// Whether the sink does not need the frame.
  var isSkipped = false
  /// Whether the frame has been painted.
  var isPainted = false

  init() throws { source = try Frame() }
}

/// A fixed number of slots and the queues through which they circulate. Memory use does not depend on the number of
/// frames.
final class SlotCircle: Sendable {
  let free: SlotQueue
  let decoded: SlotQueue
  let converted: SlotQueue
  let painted: SlotQueue
  let finished: SlotQueue
  private let isOver = DispatchSemaphore(value: 0)

  /// Returns the number of slots that keeps every thread busy.
  static func usualCount(_ policy: FramePolicy, painters: Int) -> Int {
    switch policy {
    // One for each thread.
    case .every: 4 + painters
    // One for each thread and each queue, and one for the decoder to start on.
    case .newest: 9 + painters
    }
  }

  /// Creates the slots for a number of painter threads.
  ///
  /// - Parameter count: The number of slots, at least 1.
  init(_ policy: FramePolicy, painters: Int, count: Int) throws {
    // Frames are dropped only from the two queues before painting: a painted frame is too expensive to drop.
    let (capacity, drops) = policy == .every ? (count, false) : (1, true)
    free = SlotQueue(capacity: count)
    decoded = SlotQueue(capacity: capacity, dropsOldest: drops)
    converted = SlotQueue(capacity: capacity, dropsOldest: drops)
    painted = SlotQueue(capacity: capacity, producers: painters, isOrdered: true)
    finished = SlotQueue(capacity: capacity)
    for _ in 0..<count { recycle(try FrameSlot()) }
  }

  /// Makes a slot available again.
  func recycle(_ slot: FrameSlot) {
    slot.source.unreference()
    slot.recipe = nil
    _ = free.push(slot)
  }

  /// Cancels all queues.
  func cancel() {
    for queue in [free, decoded, converted, painted, finished] { queue.cancel() }
    end()
  }

  /// Signals that the last slot has left the pipeline.
  func end() { isOver.signal() }

  /// Waits for the end of the pipeline or the timeout. Returns true at the end.
  func waitForEnd(milliseconds: Int) -> Bool { isOver.wait(timeout: .now() + .milliseconds(milliseconds)) == .success }
}
