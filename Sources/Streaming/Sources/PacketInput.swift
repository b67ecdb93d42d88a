import FFmpeg
import Foundation
import Synchronization
import Threading

/// The packets of a source across reconnections, with consistent stream indices and timestamps.
///
/// One thread calls `next`; any thread may call `stop`.
final class PacketInput: @unchecked Sendable {
  /// A packet whose stream index refers to the first connection.
  struct Item {
    let packet: Packet
    let arrival: ContinuousClock.Instant
    /// Set on the first video packet of a new connection: the stream to decode it with.
    var newStream: MediaStream?
  }

  /// The maximum number of bytes of packets before the first frame.
  private static let maximumLead = 64 << 20

  let source: MediaSource
  private let live: LiveReading?
  private let watch: Watch
  /// The first connection, which defines the stream indices.
  let demuxer: Demuxer
  let video: MediaStream
  /// The first frame.
  let firstFrame: Frame

  // Used only by the thread that calls `next`.
  private var current: Demuxer
  /// Stream indices of the first connection by those of the current one.
  private var numbers: [Int: Int]
  private var isReconnected = false
  /// Packets read while searching for the first frame, in reverse order.
  private var kept: [Item]
  private var clock: StreamClock
  /// The packet of the video with which reading begins, while it has not come yet.
  private var beginning: Keyframe?
  /// When the last packet was read.
  private var latestArrival = ContinuousClock.now
  private let ending = Mutex<(failure: MediaError?, reconnects: Int)>((nil, 0))

  /// Opens `source` and reads up to its first frame.
  ///
  /// - Throws: `MediaError` if there is no frame or `interrupt` returns true.
  init(_ source: MediaSource, live: LiveReading?, interrupt: @escaping @Sendable () -> Bool) throws {
    self.source = source
    self.live = live
    // A program that writes to a pipe may pause for any time.
    watch = Watch(
      timeout: source.isLive ? live?.timeout : nil, waitsForSender: source.waitsForSender, interrupt: interrupt)
    if source.kind == .file {
      // Open the file twice, so that packets before the first frame need not stay in memory.
      firstFrame = try Demuxer(source, interrupt: { [watch] in watch.isRaised }).firstFrame()
      demuxer = try Demuxer(source, interrupt: { [watch] in watch.isRaised })
      video = try demuxer.bestVideoStream()
      kept = []
    } else {
      let interrupt: @Sendable () -> Bool = { [watch] in watch.isRaised }
      do {
        demuxer = try Demuxer(source, interrupt: interrupt)
        video = try demuxer.bestVideoStream()
        var lead: [Item] = []
        firstFrame = try Self.firstFrame(of: demuxer, video, keeping: &lead, watch: watch)
        kept = lead.reversed()
      } catch is MediaError where watch.isRaised && !watch.isStopped {
        // Some protocols report an aborted call as damage.
        throw watch.timeoutError(source)
      }
    }
    current = demuxer
    clock = StreamClock(maximumStep: source.dtsDeltaThreshold, start: live == nil ? demuxer.startTime : nil)
    numbers = Dictionary(uniqueKeysWithValues: demuxer.streams.map { ($0.index, $0.index) })
  }

  private static func firstFrame(
    of demuxer: Demuxer, _ video: MediaStream, keeping lead: inout [Item], watch: Watch
  ) throws -> Frame {
    let decoder = try Decoder(video)
    let frame = try Frame()
    var size = 0
    var firstError: MediaError?
    while size < maximumLead {
      let packet = try Packet()
      guard try demuxer.read(into: packet) else {
        _ = try? decoder.send(nil)
        if (try? decoder.receive(into: frame)) == .output { return frame }
        throw firstError
          ?? MediaError(
            operation: "decode", file: demuxer.file, message: "it contains no frame that can be decoded")
      }
      watch.noteActivity()
      size += packet.size
      lead.append(Item(packet: packet, arrival: .now))
      guard packet.streamIndex == video.index else { continue }
      do {
        _ = try decoder.send(packet)
        if try decoder.receive(into: frame) == .output { return frame }
      } catch let error as MediaError where error.operation == "decode" {
        firstError = firstError ?? error
      }
    }
    throw MediaError(
      operation: "decode", file: demuxer.file, message: "the first \(maximumLead >> 20) MB contain no frame")
  }

  /// Leaves out the video's packets before `keyframe`. Call it before the first ``next()``.
  func begin(at keyframe: Keyframe) {
    beginning = keyframe
    guard demuxer.hasExactIndex, !demuxer.hasDiscontinuousClock else { return }
    for stream in demuxer.streams where stream.index != video.index { demuxer.discard(stream) }
    // If that is not possible, the packets before are read and left out.
    try? demuxer.seek(to: min(keyframe.pts, keyframe.dts ?? keyframe.pts), in: video)
  }

  private func isBeforeBeginning(_ item: Item) throws -> Bool {
    guard let keyframe = beginning, item.packet.streamIndex == video.index else { return false }
    guard let pts = item.packet.pts, pts <= keyframe.pts else { throw InexactDecoding() }
    if pts == keyframe.pts { beginning = nil }
    return pts < keyframe.pts
  }

  /// The error that ended a live source; nil if it ended normally or was stopped.
  var failure: MediaError? { ending.withLock { $0.failure } }
  /// The number of reconnections.
  var reconnectCount: Int { ending.withLock { $0.reconnects } }

  /// Ends any read in progress and all later ones.
  func stop() { watch.stop() }

  /// Returns the next packet, or nil at the end.
  ///
  /// - Throws: `MediaError` if a file cannot be read any further.
  func next() throws -> Item? {
    while true {
      if let item = kept.popLast() {
        let item = timed(item)
        if try isBeforeBeginning(item) { continue }
        return item
      }
      if watch.isStopped { return nil }
      do {
        watch.noteActivity()
        let packet = try Packet()
        if try current.read(into: packet) {
          let item = Item(packet: packet, arrival: .now)
          latestArrival = item.arrival
          if let result = renumbered(item).map({ timed($0) }), try !isBeforeBeginning(result) { return result }
        } else if live?.reconnect == nil || !source.isLive {
          if beginning != nil { throw InexactDecoding() }
          return nil
        } else if try !reconnect(MediaError(operation: "read", file: source.displayName, message: "the stream ended")) {
          return nil
        }
      } catch let error as MediaError {
        if watch.isStopped { return nil }
        guard live != nil else { throw error }
        // After an interruption, buffered packets may still come and count as activity.
        let reason = error.isInterruption || watch.isRaised ? watch.timeoutError(source) : error
        if try !reconnect(reason) { return nil }
      }
    }
  }

  private func renumbered(_ item: Item) -> Item? {
    guard let number = numbers[item.packet.streamIndex] else { return nil }
    let stream = current.streams[item.packet.streamIndex]
    var item = item
    if current !== demuxer {
      item.packet.rescale(from: stream.timeBase, to: demuxer.streams[number].timeBase)
      item.packet.streamIndex = number
    }
    if number == video.index {
      if isReconnected { item.newStream = stream }
      isReconnected = false
    }
    return item
  }

  private func timed(_ item: Item) -> Item {
    let stream = item.packet.streamIndex
    if live != nil || demuxer.hasDiscontinuousClock, demuxer.streams.indices.contains(stream) {
      item.packet.move(
        to: &clock, stream: stream, timeBase: demuxer.streams[stream].timeBase, isOrdered: live == nil)
    }
    return item
  }

  /// Reopens the source. If that is not allowed or fails, records the failure and returns false.
  private func reconnect(_ reason: MediaError) throws -> Bool {
    guard source.isLive, let patience = live?.reconnect else {
      ending.withLock { $0.failure = reason }
      return false
    }
    // A port or device can be in use only once.
    current.close()
    let end = ContinuousClock.now + patience
    while ContinuousClock.now < end {
      if watch.isStopped { return false }
      // Waiting for the sender is not silence.
      watch.wait(until: end)
      do {
        let demuxer = try Demuxer(source, interrupt: { [watch] in watch.isRaised })
        let video = try demuxer.bestVideoStream()
        adopt(demuxer, video, after: latestArrival.duration(to: .now))
        return true
      } catch {
        // Wait before trying again: a refused connection returns immediately.
        for _ in 0..<10 where !watch.isStopped { usleep(20_000) }
      }
    }
    if watch.isStopped { return false }
    ending.withLock {
      $0.failure = MediaError(
        operation: "read", file: source.displayName,
        message: "\(reason.message), and reconnecting failed for \(String(format: "%g", patience.seconds)) s")
    }
    return false
  }

  /// Continues with a new connection. Its streams take the indices of matching streams of the first connection.
  private func adopt(_ demuxer: Demuxer, _ video: MediaStream, after absence: Duration) {
    current = demuxer
    numbers = [video.index: self.video.index]
    isReconnected = true
    var rest = self.demuxer.streams.filter { $0.index != self.video.index }
    for stream in demuxer.streams where stream.index != video.index {
      let match = rest.firstIndex { $0.mediaType == stream.mediaType && $0.hasParameters(of: stream) }
      if let match { numbers[stream.index] = rest.remove(at: match).index }
    }
    clock.reconnect(after: absence.seconds)
    ending.withLock { $0.reconnects += 1 }
  }
}
