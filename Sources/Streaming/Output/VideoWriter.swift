import FFmpeg
import Foundation
import Synchronization
import Threading

/// Writes frames as the video stream of a file or network stream, and copies or converts the source's other streams.
///
/// The thread that calls `write` encodes; a separate thread multiplexes. With low delay, audio and subtitle packets
/// that the target does not accept in time are dropped, so that the source never waits.
package final class VideoWriter: FrameSink, PacketRecipient {
  private let format: VideoFormat
  /// The orientation of the frames: the source's if the container can store a rotation, otherwise upright.
  package let orientation: Orientation
  /// Whether interlaced frames are written as such.
  package let keepsFields: Bool
  private let damagedPackets = Atomic<Int>(0)
  private let latePackets = Atomic<Int>(0)
  private let isLowDelay: Bool
  private let muxer: Muxer
  private let videoIndex: Int
  /// The source's other streams; nil for a source of frames only.
  private let tracks: TrackWriter?
  /// Video and copied packets that wait for the multiplexer.
  private let packets = BoundedQueue<Outgoing>(capacity: 512)
  /// Holds one element for each waiting video packet. The capacity is small because packets that wait are late.
  private let videoRoom: BoundedQueue<Void>
  private let openProducers: Mutex<Int>
  private let video: Mutex<VideoEncoding>

  private struct Outgoing {
    let packet: Packet
    var arrival: ContinuousClock.Instant?
  }

  /// Opens `target` for a video like that of `source` and writes its header. If the source has packets, its other
  /// streams are copied.
  ///
  /// - Parameter interrupt: Called during blocking writes; return true to abort the write.
  /// - Throws: ``EncodingError`` or `MediaError` if the container or the encoder cannot do what `options` requests, or
  ///   if the target cannot be written. The target is not removed.
  package init(
    _ target: MediaTarget, like source: any FrameSource, options: EncodingOptions,
    interrupt: (@Sendable () -> Bool)? = nil
  ) throws {
    muxer = try Muxer(target, interrupt: interrupt)
    guard !muxer.isImageSequence || target.kind == .imageSequence || target.kind == .standardStream else {
      throw EncodingError.notOneFile(file: target.displayName)
    }
    isLowDelay = options.isLowDelay
    videoRoom = BoundedQueue(capacity: isLowDelay ? 2 : 64)
    if isLowDelay { muxer.useLowDelay() }
    let encoding = try VideoEncoding(for: muxer, like: source, options: options)
    (format, orientation, keepsFields) = (encoding.format, encoding.orientation, encoding.keepsFields)
    (videoIndex, tracks) = try muxer.open(
      VideoHeader(
        encoder: encoding.header, packetTimeBase: encoding.packetTimeBase, keepsOrientation: encoding.keepsOrientation,
        hdrMetadata: encoding.hdrMetadata), demuxer: source.packets?.demuxer, video: source.packets?.video,
      tracks: options.tracks, isLive: isLowDelay)
    openProducers = Mutex(source.packets == nil ? 1 : 2)
    self.video = Mutex(encoding)
    source.packets?.connect(to: self)
  }

  /// The warning that frames were composited, one sentence.
  package var alphaWarning: String { Self.alphaWarning(muxer.displayName) }

  static func alphaWarning(_ file: String) -> String {
    "\(file): the encoder stores no transparency, so frames were composited over the --background colour; "
      + "--codec prores_ks in MOV, libvpx-vp9 in WebM and PNG pictures keep it"
  }

  static func damageWarning(_ file: String, count: Int) -> String {
    "\(file): omitted \(count) damaged audio or subtitle \(count == 1 ? "packet" : "packets")"
  }

  /// How the output differs from the source: converted and omitted streams, and damaged or late packets. One sentence
  /// each.
  package var warnings: [String] {
    let count = damagedPackets.load(ordering: .relaxed) + (tracks?.damagedPacketCount ?? 0)
    let late = latePackets.load(ordering: .relaxed)
    var result = tracks?.remarks ?? []
    let times = video.withLock { $0.times }
    if times.repeatedCount + times.droppedCount > 0 {
      result.append(
        "\(muxer.displayName): written with a constant frame rate: repeated \(times.repeatedCount) and dropped "
          + "\(times.droppedCount) frames to keep the times of the others")
    }
    if count > 0 {
      result.append(Self.damageWarning(muxer.displayName, count: count))
    }
    if late > 0 {
      result.append(
        "\(muxer.displayName): dropped \(late) late audio or subtitle \(late == 1 ? "packet" : "packets")"
      )
    }
    return result
  }

  /// Returns the same format for every source: the size of a file is fixed.
  package func format(for source: VideoDescription) -> VideoFormat { format }

  /// Starts the multiplexer thread. A frame counts as delivered once its packet is written.
  package func start(on threads: ThreadGroup, delivered: @escaping @Sendable (ContinuousClock.Instant) -> Void) {
    threads.onCancel { [packets, videoRoom] in
      packets.close(discarding: true)
      videoRoom.close(discarding: true)
    }
    threads.start("mux") { [self] in
      while let outgoing = packets.pop() {
        let isVideo = outgoing.packet.streamIndex == videoIndex
        try multiplex(outgoing.packet)
        if isVideo { _ = videoRoom.pop() }
        if let arrival = outgoing.arrival { delivered(arrival) }
        try tracks?.checkFailure()
      }
      try tracks?.checkFailure()
      if !threads.isCancelled { try muxer.finish() }
    }
  }

  private func multiplex(_ packet: Packet) throws {
    let isCopied = packet.streamIndex != videoIndex
    do {
      try muxer.write(packet)
    } catch let error as MediaError where isCopied && error.isInvalidData {
      // Some containers need packets in another form, and damaged packets cannot be converted.
      damagedPackets.wrappingAdd(1, ordering: .relaxed)
    }
  }

  /// Encodes a frame.
  package func write(_ frame: Frame, source: Frame, arrival: ContinuousClock.Instant) throws {
    try video.withLock { try $0.write(frame, source: source, arrival: arrival) { queueVideo($0, arrival: $1) } }
  }

  /// Flushes the encoder. The file is complete when all threads have ended.
  package func finish() throws {
    try video.withLock { try $0.finish { queueVideo($0, arrival: $1) } }
    endProducer()
  }

  private func queueVideo(_ packet: Packet, arrival: ContinuousClock.Instant?) {
    packet.streamIndex = videoIndex
    // Fails only after an error, which ends this thread as well.
    videoRoom.push(())
    packets.push(Outgoing(packet: packet, arrival: arrival))
  }

  /// Queues a packet, copied or converted. Ignores streams that are omitted.
  package func take(_ packet: Packet) { tracks?.take(packet) { queue($0) } }

  /// Ends the conversions and declares that there are no more packets.
  package func finishPackets() {
    tracks?.finish { queue($0) }
    endProducer()
  }

  private func queue(_ packet: Packet) {
    if !isLowDelay {
      packets.push(Outgoing(packet: packet))
    } else if !packets.tryPush(Outgoing(packet: packet)) {
      latePackets.wrappingAdd(1, ordering: .relaxed)
    }
  }

  private func endProducer() {
    let isLast = openProducers.withLock { count in
      count -= 1
      return count == 0
    }
    if isLast { packets.close() }
  }
}
