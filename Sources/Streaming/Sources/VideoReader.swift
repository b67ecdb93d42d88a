import FFmpeg
import Foundation
import Synchronization
import Threading

/// The frames of a file, stream or device that libav reads; its other streams' packets go to a recipient.
///
/// A thread of its own demultiplexes, the reading thread decodes. Of a live source, packets that the decoder does not
/// keep up with are dropped until the next picture that decoding can start at.
public final class VideoReader: NamedFrameSource, PacketSource {
  /// What the first frame and the container tell.
  public let description: VideoDescription
  /// The name in errors.
  public var file: String { input.source.displayName }
  /// The source's streams, as its first connection had them.
  public var demuxer: Demuxer { input.demuxer }
  /// The stream that is decoded.
  public var video: MediaStream { input.video }
  /// The streams beside the pictures.
  public var packets: (any PacketSource)? { self }

  private let input: PacketInput
  /// Packets on their way to the decoder. Few, since sound read ahead of the pictures is in the file when someone stops
  /// it.
  private let videoPackets: BoundedQueue<PacketInput.Item>
  private let threads: Int
  private let isLive: Bool
  /// Whether frames that lie ready wait for their times.
  private let isPaced: Bool
  private let recipient = Mutex<(any PacketRecipient)?>(nil)
  private let damage = Mutex(Damage())
  private let progress: Mutex<Progress>
  private let arrival = Mutex(ContinuousClock.now)
  private let isStopped = Atomic<Bool>(false)

  private struct Damage {
    var packets = 0
    var latePackets = 0
    var readError: String?
  }

  private struct Progress {
    var decoder: Decoder
    var timestamps: TimestampRepair
    var pacer = Pacer()
    /// When packets came in, by their times of display.
    var arrivals: [Int64: ContinuousClock.Instant] = [:]
    var isDraining = false
    var frames = 0
    /// Errors since the decoder last gave a frame, after the end of the packets: a decoder that only fails is given up.
    var failures = 0
  }

  /// Opens the file `path`. Throws `MediaError` if there is no picture in it that can be decoded.
  ///
  /// `threads` is the number of threads of the decoder.
  public convenience init(path: String, threads: Int = 1) throws {
    try self.init(MediaSource(file: path), threads: threads)
  }

  /// Opens `source` and waits for its first frame, which tells the format. Throws `MediaError` if there is none.
  ///
  /// With `live`, the source is taken to go on whether it is read or not. `threads` is the number of threads of the
  /// decoder. `interrupt` is asked often, from several threads: once true, the opening fails and the frames end.
  public init(
    _ source: MediaSource, live: LiveReading? = nil, threads: Int = 1,
    interrupt: @escaping @Sendable () -> Bool = { false }
  ) throws {
    input = try PacketInput(source, live: live, interrupt: interrupt)
    let (stream, frame) = (input.video, input.firstFrame)
    isLive = live != nil
    isPaced = isLive && source.isReadAhead
    videoPackets = BoundedQueue(capacity: isLive ? 64 : 8)
    self.threads = threads
    var format = frame.format
    if let color = stream.format?.color { format.color = format.color.filled(from: color) }
    let aspect = stream.sampleAspectRatio
    description = VideoDescription(
      format: format, timeBase: stream.timeBase, frameRate: stream.nominalFrameRate,
      sampleAspectRatio: aspect.isPositive ? aspect : frame.sampleAspectRatio,
      orientation: Orientation(stream.displayMatrix ?? frame.displayMatrix),
      expectedFrameCount: source.isLive ? nil : Self.expectedFrameCount(of: stream, in: input.demuxer))
    let timeBase = stream.timeBase
    let step = stream.nominalFrameRate.map { $0.inverse.rescale(1, to: timeBase) } ?? 1
    progress = Mutex(
      Progress(
        decoder: try Decoder(stream, threads: threads, isLowDelay: isLive), timestamps: TimestampRepair(step: step)))
  }

  private static func expectedFrameCount(of stream: MediaStream, in demuxer: Demuxer) -> Int? {
    if let count = stream.frameCount { return count }
    guard let rate = stream.nominalFrameRate,
      let seconds = stream.duration.map({ Double($0) * stream.timeBase.value }) ?? demuxer.seconds,
      case let count = (seconds * rate.value).rounded(), count >= 1, count < 1e9
    else { return nil }
    return Int(count)
  }

  /// Whatever libav knows, which only an attempt tells.
  public static func canOpen(_ source: MediaSource) -> Bool { true }

  /// Has the packets of all other streams sent to `recipient`, which knows which to keep.
  public func connect(to recipient: any PacketRecipient) { self.recipient.withLock { $0 = recipient } }

  /// Decodes the stream of audio that players would choose; nil where there is none, or none that can be decoded.
  public func openAudio() -> AudioTrack? {
    guard let reader = AudioReader(demuxer, beside: video) else { return nil }
    connect(to: reader)
    return reader.track
  }

  /// What was wrong with the source, one sentence each; complete after the last frame.
  public var warnings: [String] {
    let damage = damage.withLock { $0 }
    var result: [String] = []
    if let reason = damage.readError ?? demuxer.endRemark {
      result.append("\(file): the file breaks off (\(reason)); what could be read was used")
    }
    if damage.packets > 0 {
      result.append(
        "\(file): \(damage.packets) damaged \(damage.packets == 1 ? "packet was" : "packets were") passed over")
    }
    if damage.latePackets > 0 {
      result.append("\(file): \(damage.latePackets) packets came faster than they could be decoded and were dropped")
    }
    return result
  }

  /// Why a live source ended against expectation; nil if it ended well or was stopped.
  public var failure: (any Error)? { input.failure }
  /// How often a live source went away and came back.
  public var reconnectCount: Int { input.reconnectCount }
  /// When the packet of the last frame came in; for frames that waited for their times, when they were due.
  public var latestArrival: ContinuousClock.Instant { arrival.withLock { $0 } }

  /// Starts the demultiplexing.
  public func start(on threads: ThreadGroup) {
    threads.onCancel { [self] in stop() }
    threads.start("demux") { [self] in try demultiplex() }
  }

  private func demultiplex() throws {
    let recipient = recipient.withLock { $0 }
    var isSkipping = false
    while let item = try nextItem() {
      if item.packet.streamIndex != video.index {
        recipient?.take(item.packet)
      } else if !isLive || isPaced {
        if !videoPackets.push(item) { break }
      } else {
        // Nobody can make the source wait: what follows a gap is of use from the next independent picture on.
        if isSkipping && !item.packet.isKeyframe && item.newStream == nil || !videoPackets.tryPush(item) {
          if isStopped.load(ordering: .acquiring) { break }
          isSkipping = true
          damage.withLock { $0.latePackets += 1 }
        } else {
          isSkipping = false
        }
      }
    }
    videoPackets.close()
    recipient?.finishPackets()
  }

  private func nextItem() throws -> PacketInput.Item? {
    do {
      return try input.next()
    } catch let error as MediaError {
      // As players do: what comes before the break is used.
      damage.withLock { $0.readError = error.logLine ?? error.message }
      return nil
    }
  }

  /// Ends the demultiplexing.
  public func stop() {
    isStopped.store(true, ordering: .releasing)
    input.stop()
    videoPackets.close(discarding: true)
  }

  /// Decodes the next frame; its times are in the time base of the description.
  ///
  /// Damaged packets are passed over and counted. Throws `MediaError` at the end if there was no frame at all.
  public func read(into frame: Frame) throws -> Bool {
    try progress.withLock { progress in
      while true {
        do {
          switch try progress.decoder.receive(into: frame) {
          case .output:
            finish(frame, &progress)
            return true
          case .ended: return try end(progress)
          case .needsInput where progress.isDraining: return try end(progress)
          case .needsInput: try sendPacket(&progress)
          }
        } catch let error as MediaError where error.operation == "decode" && error.code != 0 {
          damage.withLock { $0.packets += 1 }
          if progress.isDraining { progress.failures += 1 }
          // More than any decoder holds back.
          if progress.failures > 64 { return try end(progress) }
        }
      }
    }
  }

  private func sendPacket(_ progress: inout Progress) throws {
    guard let item = videoPackets.pop() else {
      progress.isDraining = true
      _ = try progress.decoder.send(nil)
      return
    }
    if let stream = item.newStream {
      progress.decoder = try Decoder(stream, threads: threads, isLowDelay: isLive)
    }
    if let time = item.packet.pts ?? item.packet.dts {
      // More than any decoder holds back: the rest are of packets without a picture.
      if progress.arrivals.count > 256 { progress.arrivals.removeAll() }
      progress.arrivals[time] = item.arrival
    }
    _ = try progress.decoder.send(item.packet)
  }

  private func finish(_ frame: Frame, _ progress: inout Progress) {
    progress.frames += 1
    progress.failures = 0
    let time = frame.pts ?? frame.bestEffortTimestamp
    var arrival = time.flatMap { progress.arrivals.removeValue(forKey: $0) } ?? .now
    frame.color = frame.color.filled(from: description.format.color)
    let pts = progress.timestamps.next(frame.bestEffortTimestamp ?? frame.pts, duration: frame.duration)
    frame.pts = pts
    if isPaced {
      arrival = progress.pacer.wait(forSecond: Double(pts) * description.timeBase.value) {
        isStopped.load(ordering: .acquiring)
      }
    }
    self.arrival.withLock { $0 = arrival }
  }

  private func end(_ progress: Progress) throws -> Bool {
    guard progress.frames == 0, !isStopped.load(ordering: .acquiring) else { return false }
    throw MediaError(operation: "decode", file: file, message: "there is no picture in it that can be decoded")
  }
}
