import FFmpeg
import Foundation
import Synchronization
import Threading

/// The frames of a file, stream or device that libav can read. Packets of other streams go to a recipient.
///
/// A separate thread demultiplexes; the thread that calls `read` decodes. If the decoder cannot keep up with a live
/// source, packets are dropped up to the next keyframe.
package final class VideoReader: NamedFrameSource, PacketSource {
  /// The properties of the video, from the container and the first frame.
  package let description: VideoDescription
  /// The name to use in error messages.
  package var file: String { input.source.displayName }
  /// The source's streams, from its first connection.
  package var demuxer: Demuxer { input.demuxer }
  /// The decoded stream.
  package var video: MediaStream { input.video }
  /// Whether the source is a file.
  package var waitsForReader: Bool { input.source.kind == .file || input.source.kind == .imageSequence }
  /// This reader, which also provides the other streams.
  package var packets: (any PacketSource)? { self }

  private let input: PacketInput
  /// Packets that wait for the decoder. The capacity of a file's queue is small because audio read ahead of the video
  /// is still written to the output after a stop.
  private let videoPackets: BoundedQueue<PacketInput.Item>
  private let threads: Int
  private let isLive: Bool
  /// Whether frames wait for their presentation times.
  private let isPaced: Bool
  private let recipient = Mutex<(any PacketRecipient)?>(nil)
  private let damage = Mutex(Damage())
  private let progress: Mutex<Progress>
  private let arrival = Mutex(ContinuousClock.now)
  private let isStopped = Atomic<Bool>(false)
  /// Where decoding begins; nil for the first packet.
  private let keyframe = Mutex<Keyframe?>(nil)

  private struct Damage {
    var packets = 0
    var latePackets = 0
    /// Why the packets end early.
    var readError: String?
    /// The error of the disk that ended the packets.
    var deviceError: MediaError?
  }

  private struct Progress {
    var decoder: Decoder
    var timestamps: TimestampRepair
    var pacer = Pacer()
    /// Arrival times of packets, by presentation timestamp.
    var arrivals: [Int64: ContinuousClock.Instant] = [:]
    var isDraining = false
    var frames = 0
    /// Errors since the last frame, counted after the last packet, to give up on a decoder that only fails.
    var failures = 0
  }

  /// Opens the file at `path`.
  ///
  /// - Parameter threads: The number of decoder threads.
  /// - Throws: `MediaError` if it contains no frame that can be decoded.
  package convenience init(path: String, threads: Int = 1) throws {
    try self.init(MediaSource(file: path), threads: threads)
  }

  /// Opens `source` and waits for its first frame, which determines the format.
  ///
  /// - Parameters:
  ///   - live: How to read a source that does not wait for its reader; nil to read at any pace.
  ///   - threads: The number of decoder threads.
  ///   - interrupt: Called often, from several threads. Once it returns true, opening fails and reading ends.
  /// - Throws: `MediaError` if the source contains no frame.
  package init(
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
    var description = VideoDescription(
      format: format, timeBase: stream.timeBase, frameRate: stream.nominalFrameRate,
      sampleAspectRatio: aspect.isPositive ? aspect : frame.sampleAspectRatio,
      orientation: Orientation(stream.displayMatrix ?? frame.displayMatrix),
      expectedFrameCount: source.isLive ? nil : Self.expectedFrameCount(of: stream, in: input.demuxer),
      fieldOrder: frame.isInterlaced ? frame.fieldOrder : stream.fieldOrder,
      hdrMetadata: frame.hdrMetadata)
    description.isTransparent = !frame.isOpaque
    description.isHalfPrecision = frame.isHalfPrecision || format.pixelFormat.bitDepth <= 8
    self.description = description
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

  /// Returns true: only an attempt to open the source shows whether libav can.
  package static func canOpen(_ source: MediaSource) -> Bool { true }

  /// Sends the packets of all other streams to `recipient`, which chooses the ones it needs.
  package func connect(to recipient: any PacketRecipient) { self.recipient.withLock { $0 = recipient } }

  /// Starts decoding the audio stream that players would choose; returns nil if there is none that can be decoded.
  package func openAudio() -> AudioTrack? {
    guard let reader = AudioReader(demuxer, beside: video) else { return nil }
    connect(to: reader)
    return reader.track
  }

  /// Problems found in the source, one sentence each. Complete after the last frame.
  package var warnings: [String] {
    let damage = damage.withLock { $0 }
    var result: [String] = []
    if damage.deviceError != nil {
      result.append("\(file): only the part before a read error was used")
    } else if let reason = damage.readError ?? demuxer.endRemark {
      result.append("\(file): the file is truncated (\(reason)); the readable part was used")
    }
    if damage.packets > 0 {
      result.append("\(file): skipped \(damage.packets) damaged \(damage.packets == 1 ? "packet" : "packets")")
    }
    if damage.latePackets > 0 {
      result.append("\(file): dropped \(damage.latePackets) packets that arrived faster than they could be decoded")
    }
    return result
  }

  /// The error that ended a live source, or of the disk that holds a file; nil if the source ended normally or was
  /// stopped. A truncated file ends normally.
  package var failure: (any Error)? { input.failure ?? damage.withLock { $0.deviceError } }
  /// The number of times that a live source was reconnected.
  package var reconnectCount: Int { input.reconnectCount }
  /// When the packet of the last frame arrived; for paced frames, when the frame was due.
  package var latestArrival: ContinuousClock.Instant { arrival.withLock { $0 } }

  /// The time of the first frame; nil if the clock of the container may jump, so that the times of frames are others.
  package var beginning: Int64? {
    guard !demuxer.hasDiscontinuousClock, !isLive else { return nil }
    return input.firstFrame.bestEffortTimestamp ?? input.firstFrame.pts
  }

  /// Leaves out the frames before `keyframe`. From there on, any damage is an ``InexactDecoding``.
  package func begin(at keyframe: Keyframe) {
    self.keyframe.withLock { $0 = keyframe }
    input.begin(at: keyframe)
  }

  /// Starts the demultiplexer thread.
  package func start(on threads: ThreadGroup) {
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
        // A live source cannot wait. After a gap, packets are useless up to the next keyframe.
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
      // Like players, use everything before the error.
      let deviceError = demuxer.deviceError
      damage.withLock {
        $0.readError = error.logLine ?? error.message
        $0.deviceError = deviceError
      }
      return nil
    }
  }

  /// Ends the demultiplexer thread.
  package func stop() {
    isStopped.store(true, ordering: .releasing)
    input.stop()
    videoPackets.close(discarding: true)
  }

  /// Decodes the next frame, with timestamps in the time base of ``description``.
  ///
  /// Damaged packets are skipped and counted.
  ///
  /// - Throws: `MediaError` at the end if there was no frame at all.
  package func read(into frame: Frame) throws -> Bool {
    let first = keyframe.withLock { $0?.pts }
    return try progress.withLock { progress in
      while true {
        do {
          switch try progress.decoder.receive(into: frame) {
          case .output:
            if let first {
              // Pictures that are shown before the keyframe may refer to pictures before it.
              if let time = frame.pts, time < first { continue }
              guard !frame.isCorrupt, frame.pts != nil, frame.bestEffortTimestamp == frame.pts else {
                throw InexactDecoding()
              }
            }
            finish(frame, &progress)
            return true
          case .ended: return try end(progress)
          case .needsInput where progress.isDraining: return try end(progress)
          case .needsInput: try sendPacket(&progress)
          }
        } catch let error as MediaError where error.operation == "decode" && error.code != 0 {
          if first != nil { throw InexactDecoding() }
          damage.withLock { $0.packets += 1 }
          if progress.isDraining { progress.failures += 1 }
          // More than any decoder buffers.
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
      // More than any decoder buffers; the other entries are packets without a frame.
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
    if keyframe.withLock({ $0 != nil }) { throw InexactDecoding() }
    throw MediaError(operation: "decode", file: file, message: "it contains no frame that can be decoded")
  }
}
