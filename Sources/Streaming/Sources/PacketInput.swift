import FFmpeg
import Foundation
import Synchronization
import Threading

/// The packets of a source, one connection after another, numbered and timed as one.
///
/// One thread calls `next`; `stop` may be called from any.
final class PacketInput: @unchecked Sendable {
  /// A packet of a stream, by its number in the first connection.
  struct Item {
    let packet: Packet
    let arrival: ContinuousClock.Instant
    /// On the first packet of the pictures of another connection: what to decode them by.
    var newStream: MediaStream?
  }

  /// The memory that packets may take in front of the first picture.
  private static let maximumLead = 64 << 20

  let source: MediaSource
  private let live: LiveReading?
  private let watch: Watch
  /// The first connection, whose streams number all packets.
  let demuxer: Demuxer
  let video: MediaStream
  /// The first picture.
  let firstFrame: Frame

  // Of the thread that calls `next`.
  private var current: Demuxer
  /// By number in the current connection, that in the first one.
  private var numbers: [Int: Int]
  private var isReconnected = false
  /// Packets read in search of the first picture, the next one last.
  private var kept: [Item]
  private var clock = StreamClock()
  private let ending = Mutex<(failure: MediaError?, reconnects: Int)>((nil, 0))

  /// Opens `source` and reads on to its first picture. Throws `MediaError` if there is none or `interrupt` turns true.
  init(_ source: MediaSource, live: LiveReading?, interrupt: @escaping @Sendable () -> Bool) throws {
    self.source = source
    self.live = live
    // Whoever writes to a pipe may pause.
    watch = Watch(timeout: source.isLive ? live?.timeout : nil, interrupt: interrupt)
    if source.kind == .file {
      // Opened twice: what stands in front of the first frame, sound perhaps, is not kept in memory meanwhile.
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
      } catch let error as MediaError where error.isInterruption && !watch.isStopped {
        throw watch.timeoutError(source)
      }
    }
    current = demuxer
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
            operation: "decode", file: demuxer.file, message: "there is no picture in it that can be decoded")
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
      operation: "decode", file: demuxer.file, message: "there is no picture in the first \(maximumLead >> 20) MB")
  }

  /// Why a live source ended that was not expected to; nil if it ended well or was stopped.
  var failure: MediaError? { ending.withLock { $0.failure } }
  /// How often it came back.
  var reconnectCount: Int { ending.withLock { $0.reconnects } }

  /// Ends a read in progress, and all later ones.
  func stop() { watch.stop() }

  /// The next packet; nil at the end. Throws `MediaError` for a file that cannot be read on.
  func next() throws -> Item? {
    while true {
      if let item = kept.popLast() { return timed(item) }
      if watch.isStopped { return nil }
      do {
        watch.noteActivity()
        let packet = try Packet()
        if try current.read(into: packet) {
          let item = Item(packet: packet, arrival: .now)
          if let result = renumbered(item) { return timed(result) }
        } else if live?.reconnect == nil || !source.isLive {
          return nil
        } else if try !reconnect(MediaError(operation: "read", file: source.displayName, message: "it ended")) {
          return nil
        }
      } catch let error as MediaError {
        if watch.isStopped { return nil }
        guard live != nil else { throw error }
        let reason = error.isInterruption ? watch.timeoutError(source) : error
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
    guard live != nil, demuxer.streams.indices.contains(item.packet.streamIndex) else { return item }
    let timeBase = demuxer.streams[item.packet.streamIndex].timeBase
    if let time = item.packet.microseconds(in: timeBase) {
      item.packet.shift(by: clock.offset(for: time, stream: item.packet.streamIndex), in: timeBase)
    }
    return item
  }

  /// Opens the source again; false, with the failure noted, where it may not or does not come back.
  private func reconnect(_ reason: MediaError) throws -> Bool {
    guard source.isLive, let patience = live?.reconnect else {
      ending.withLock { $0.failure = reason }
      return false
    }
    let start = ContinuousClock.now
    while ContinuousClock.now - start < patience {
      if watch.isStopped { return false }
      watch.noteActivity(deadline: start + patience)
      do {
        let demuxer = try Demuxer(source, interrupt: { [watch] in watch.isRaised })
        let video = try demuxer.bestVideoStream()
        adopt(demuxer, video, after: start.duration(to: .now))
        return true
      } catch {
        // Not at once again: a refusal takes no time.
        for _ in 0..<10 where !watch.isStopped { usleep(20_000) }
      }
    }
    if watch.isStopped { return false }
    ending.withLock {
      $0.failure = MediaError(
        operation: "read", file: source.displayName,
        message: "\(reason.message), and it did not come back within \(String(format: "%g", patience.seconds)) s")
    }
    return false
  }

  /// Streams of the other connection that are like those of the first take their numbers.
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
