import FFmpeg
import Foundation
import Streaming
import Synchronization
import Threading

/// A source of JPEG frames posted by clients, such as those of a browser's camera.
///
/// The first visitor who posts a valid frame owns the camera. Another one can take over after some seconds of silence.
/// Of the waiting frames, only the newest is kept. A source ends when no frame comes for a while, because the camera is
/// off.
package final class PostedFrames: Sendable {
  /// Describes why a frame was rejected.
  package enum Refusal: Error {
    /// Another visitor owns the camera.
    case isTaken
    /// The data is not a valid JPEG image or its size is out of range.
    case unreadable(String)
  }

  /// The maximum width and height in pixels.
  static let maximumExtent = 1920
  private static let patience = Duration.seconds(5)
  /// A frame cannot be older, nor younger than by the error of the clocks.
  private static let greatestAge = Duration.seconds(5)
  private static let clockError = Duration.milliseconds(100)
  /// A source without frames for this long has ended.
  private static let silence = Duration.seconds(2)

  private struct Lease {
    var owner: String
    var latest: ContinuousClock.Instant
    /// When the newest frame was captured, as far as known.
    var captured: ContinuousClock.Instant
  }

  private final class Arrived: Sendable {
    let frame: Frame
    let arrival: ContinuousClock.Instant

    init(_ frame: Frame, _ arrival: ContinuousClock.Instant) {
      self.frame = frame
      self.arrival = arrival
    }
  }

  private struct Inbox {
    /// Receives frames while a source is open.
    var mailbox: Mailbox<Arrived>?
    /// The newest frame while no source is open.
    var first: Arrived?
  }

  private let lease = Mutex<Lease?>(nil)
  private let decoder = Mutex<Decoder?>(nil)
  private let inbox = Mutex(Inbox())
  private let start = ContinuousClock.now

  /// Creates a source without frames.
  package init() {}

  /// Decodes a frame and queues it for painting.
  ///
  /// Of frames that arrive in another order, those that are older than one before are dropped.
  ///
  /// - Parameters:
  ///   - owner: Identifies the visitor.
  ///   - captured: When the frame was captured, on the ``ServerClock``. If it is nil or impossible, the time of arrival
  ///     counts.
  /// - Throws: ``Refusal``.
  package func post(_ jpeg: UnsafeRawBufferPointer, owner: String, captured: Int64? = nil) throws {
    let now = ContinuousClock.now
    let time = captured.flatMap { Self.instant(of: $0, now) } ?? now
    try lease.withLock { try Self.check($0, owner, now) }
    guard let header = PictureHeader(jpeg), header.kind == .jpeg else {
      throw Refusal.unreadable("expected a JPEG image")
    }
    guard PictureEnd.isPresent(in: jpeg, of: .jpeg) else { throw Refusal.unreadable("the JPEG image is truncated") }
    guard (16...Self.maximumExtent).contains(header.width), (16...Self.maximumExtent).contains(header.height) else {
      throw Refusal.unreadable(
        "found \(header.width)x\(header.height) pixels, expected 16 to \(Self.maximumExtent) in each dimension")
    }
    do {
      let frame = try Frame()
      try decoder.withLock { current in
        let decoder =
          try current
          ?? Decoder(
            codec: "mjpeg", named: "the camera frame", maximumPixelCount: Self.maximumExtent * Self.maximumExtent)
        // Do not reuse a decoder that has failed.
        current = nil
        _ = try decoder.send(Packet(bytes: jpeg))
        guard try decoder.receive(into: frame) == .output else {
          throw Refusal.unreadable("the JPEG data contains no image")
        }
        current = decoder
      }
      let arrived = Arrived(frame, time)
      let isLate = try lease.withLock { lease in
        // Another visitor may have been quicker.
        try Self.check(lease, owner, now)
        let newest = lease.flatMap { $0.owner == owner ? $0.captured : nil }
        lease = Lease(owner: owner, latest: now, captured: max(newest ?? time, time))
        return newest.map { $0 >= time } ?? false
      }
      if isLate { return }
      inbox.withLock { inbox in
        // A closed mailbox returns its argument.
        if let mailbox = inbox.mailbox, mailbox.put(arrived) !== arrived { return }
        inbox = Inbox(mailbox: nil, first: arrived)
      }
    } catch let error as MediaError {
      throw Refusal.unreadable(error.message)
    }
  }

  private static func instant(of captured: Int64, _ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
    guard let instant = ServerClock.instant(of: captured) else { return nil }
    let age = instant.duration(to: now)
    return age > .zero - clockError && age < greatestAge ? min(instant, now) : nil
  }

  private static func check(_ lease: Lease?, _ owner: String, _ now: ContinuousClock.Instant) throws(Refusal) {
    if let lease, lease.owner != owner, lease.latest.duration(to: now) < patience { throw .isTaken }
  }

  /// Waits for the first frame and returns a source that starts with it.
  ///
  /// - Throws: `MediaError` if `interrupt` returns true.
  package func open(interrupt: @escaping @Sendable () -> Bool) throws -> any FrameSource {
    while !interrupt() {
      let source = inbox.withLock { inbox -> Source? in
        guard let first = inbox.first else { return nil }
        let mailbox = Mailbox<Arrived>()
        inbox = Inbox(mailbox: mailbox, first: nil)
        return Source(first, mailbox, start)
      }
      if let source { return source }
      usleep(20_000)
    }
    throw MediaError(operation: "read", file: "the browser's camera", message: "the stream was stopped")
  }

  /// The source from one call of `open` to the next.
  private final class Source: FrameSource {
    let description: VideoDescription
    private let mailbox: Mailbox<Arrived>
    private let start: ContinuousClock.Instant
    private let first: Mutex<Arrived?>
    private let latest: Mutex<(arrival: ContinuousClock.Instant, pts: Int64)>

    init(_ first: Arrived, _ mailbox: Mailbox<Arrived>, _ start: ContinuousClock.Instant) {
      self.mailbox = mailbox
      self.start = start
      self.first = Mutex(first)
      latest = Mutex((first.arrival, -1))
      description = VideoDescription(format: first.frame.format, timeBase: Rational(1, 1_000_000))
    }

    var latestArrival: ContinuousClock.Instant { latest.withLock { $0.arrival } }

    func read(into frame: Frame) throws -> Bool {
      let waiting = first.withLock { first in
        defer { first = nil }
        return first
      }
      guard let arrived = waiting ?? mailbox.take(timeout: PostedFrames.silence) else {
        // Frames that come now are for the next source.
        mailbox.close()
        return false
      }
      try frame.reference(arrived.frame)
      let microseconds = Int64(start.duration(to: arrived.arrival).seconds * 1e6)
      frame.pts = latest.withLock { latest in
        latest = (arrived.arrival, max(microseconds, latest.pts + 1))
        return latest.pts
      }
      return true
    }

    func stop() { mailbox.close(discarding: true) }
  }
}
