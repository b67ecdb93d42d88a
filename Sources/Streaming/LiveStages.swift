import FFmpeg
import Foundation
import Synchronization
import Threading

/// One frame of a live run on its way; it belongs to the stage that has taken it.
final class LiveSlot: @unchecked Sendable {
  /// As decoded; shares the decoder's memory.
  let source: Frame
  /// When it came in.
  var arrival = ContinuousClock.now
  /// RGB24 at the work size, upright.
  private(set) var work: Frame?
  /// The same, painted.
  private(set) var stylized: Frame?
  /// As the sink takes it.
  private(set) var sink: Frame?

  init() throws { source = try Frame() }

  // Made anew where the size has changed, which is seldom.

  func work(of size: WorkSizeLadder.Size) throws -> Frame { try Self.fitting(&work, Self.rgb24(size)) }
  func stylized(of size: WorkSizeLadder.Size) throws -> Frame { try Self.fitting(&stylized, Self.rgb24(size)) }
  func sink(of format: VideoFormat) throws -> Frame { try Self.fitting(&sink, format) }

  private static func rgb24(_ size: WorkSizeLadder.Size) -> VideoFormat {
    VideoFormat(width: size.width, height: size.height, pixelFormat: .rgb24)
  }

  private static func fitting(_ frame: inout Frame?, _ format: VideoFormat) throws -> Frame {
    if let frame, frame.format == format { return frame }
    let made = try Frame(format)
    frame = made
    return made
  }
}

/// What stands between the threads of a live run: room for one frame each.
final class Stages: Sendable {
  /// One frame in each of five threads and four queues, and one for the decoder to begin on.
  static let slotCount = 10

  let free = BoundedQueue<LiveSlot>(capacity: slotCount)
  let decoded = Mailbox<LiveSlot>()
  let converted = Mailbox<LiveSlot>()
  // What is painted is too dear to be dropped.
  let stylized = BoundedQueue<LiveSlot>(capacity: 1)
  let finished = BoundedQueue<LiveSlot>(capacity: 1)
  let isDone = Atomic<Bool>(false)

  func recycle(_ slot: LiveSlot) {
    slot.source.unreference()
    free.push(slot)
  }

  func closeAll() {
    free.close(discarding: true)
    decoded.close(discarding: true)
    converted.close(discarding: true)
    stylized.close(discarding: true)
    finished.close(discarding: true)
    isDone.store(true, ordering: .releasing)
  }

  /// Waits that long, or until the run is done.
  func pause(milliseconds: Int) {
    for _ in 0..<max(1, milliseconds / 10) where !isDone.load(ordering: .acquiring) { usleep(10_000) }
  }
}
