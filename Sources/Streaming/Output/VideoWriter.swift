import FFmpeg
import Foundation
import Synchronization
import Threading

/// Writes frames as the video stream of a file or network stream, and copies the source's other streams.
///
/// The thread that calls `write` encodes; a separate thread multiplexes. With low delay, audio and subtitle packets
/// that the target does not accept in time are dropped, so that the source never waits.
package final class VideoWriter: FrameSink, PacketRecipient {
  private let format: VideoFormat
  /// The orientation of the frames: the source's if the container can store a rotation, otherwise upright.
  package let orientation: Orientation
  private let missingStreams: [String]
  private let damagedPackets = Atomic<Int>(0)
  private let latePackets = Atomic<Int>(0)
  private let isLowDelay: Bool
  private let muxer: Muxer
  private let encoder: Encoder
  private let sourceTimeBase: Rational
  private let videoIndex: Int
  /// Output stream indices by input stream index.
  private let copiedStreams: [Int: Int]
  /// Video and copied packets that wait for the multiplexer.
  private let packets = BoundedQueue<Outgoing>(capacity: 512)
  /// Holds one element for each waiting video packet. The capacity is small because packets that wait are late.
  private let videoRoom: BoundedQueue<Void>
  private let openProducers: Mutex<Int>
  private let video: Mutex<VideoState>

  private struct VideoState {
    var timestamps = TimestampRepair(step: 1)
    /// Durations and arrival times of the frames inside the encoder, by timestamp.
    var frames: [Int64: (duration: Int64?, arrival: ContinuousClock.Instant)] = [:]
  }

  /// More frames than any encoder buffers. Entries beyond this belong to packets whose timestamps the encoder changed.
  private static let maximumFrameCount = 4096

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
    let name = target.displayName
    guard !muxer.isImageSequence || target.kind == .imageSequence || target.kind == .standardStream else {
      throw EncodingError.notOneFile(file: name)
    }
    isLowDelay = options.isLowDelay
    videoRoom = BoundedQueue(capacity: isLowDelay ? 2 : 64)
    if isLowDelay { muxer.useLowDelay() }
    let choice = try EncoderChoice(options, like: source.description, for: muxer)
    var description = source.description
    // The display matrix is copied along with its stream.
    let packets = source.packets
    let keepsOrientation = packets != nil && muxer.keepsDisplayMatrix
    if !keepsOrientation {
      (description.format.width, description.format.height) = description.displaySize
      if description.orientation.swapsSides, description.sampleAspectRatio.isPositive {
        description.sampleAspectRatio = description.sampleAspectRatio.inverse
      }
      description.orientation = .upright
    }
    orientation = description.orientation
    description.format.pixelFormat = try choice.pixelFormat(for: description.format)
    description.format.color = source.description.format.color(encodedAs: description.format.pixelFormat)
    format = description.format
    encoder = try choice.makeEncoder(
      for: description, threads: options.threads, usesGlobalHeader: muxer.wantsGlobalHeader)
    sourceTimeBase = source.description.timeBase

    // Streams keep their order, including the video stream.
    var video = packets == nil ? try muxer.addStream(encoder: encoder) : 0
    var copied: [Int: Int] = [:]
    var warnings: [String] = []
    for stream in packets?.demuxer.streams ?? [] {
      if stream.index == packets?.video.index {
        video = try muxer.addStream(encoder: encoder, like: stream, keepsDisplayMatrix: keepsOrientation)
      } else if muxer.accepts(stream) {
        copied[stream.index] = try muxer.addStream(copying: stream)
      } else {
        packets?.demuxer.discard(stream)
        if stream.isMadeByMuxer { continue }
        warnings.append(
          "\(name): the \(stream.mediaType) stream \(stream.index) (\(stream.codecName)) is omitted: the container "
            + "\(muxer.containerName) does not support it")
      }
    }
    // What the container says about an HDR source is not true for one that was converted.
    if description.hdrMetadata != nil || !description.format.color.isHDR {
      try muxer.setHDRMetadata(description.hdrMetadata, ofStream: video)
    }
    videoIndex = video
    copiedStreams = copied
    missingStreams = warnings
    self.video = Mutex(VideoState())
    openProducers = Mutex(packets == nil ? 1 : 2)
    if let packets { try muxer.copyMetadata(of: packets.demuxer) }
    try muxer.writeHeader()
    packets?.connect(to: self)
  }

  /// The warning that frames were composited, one sentence.
  package var alphaWarning: String {
    "\(muxer.displayName): the encoder \(encoder.settings.codec) stores no transparency, so frames were composited over the "
      + "--background colour; --codec prores_ks in MOV, libvpx-vp9 in WebM and PNG pictures keep it"
  }

  /// What the output lacks: unsupported streams, and damaged or late packets. One sentence each.
  package var warnings: [String] {
    let count = damagedPackets.load(ordering: .relaxed)
    let late = latePackets.load(ordering: .relaxed)
    var result = missingStreams
    if count > 0 {
      result.append(
        "\(muxer.displayName): omitted \(count) damaged audio or subtitle \(count == 1 ? "packet" : "packets")")
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
      }
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
    try video.withLock { video in
      let duration = frame.duration
      let wanted = frame.pts.map { sourceTimeBase.rescale($0, to: encoder.settings.timeBase) }
      let pts = video.timestamps.next(wanted, duration: 0)
      frame.pts = pts
      frame.clearPictureType()
      if video.frames.count >= Self.maximumFrameCount { video.frames.removeAll() }
      let scaled = duration > 0 ? sourceTimeBase.rescale(duration, to: encoder.settings.timeBase) : nil
      video.frames[pts] = (scaled, arrival)
      while try !encoder.send(frame) { try drain(&video) }
      try drain(&video)
    }
  }

  /// Flushes the encoder. The file is complete when all threads have ended.
  package func finish() throws {
    try video.withLock { video in
      while try !encoder.send(nil) { try drain(&video) }
      try drain(&video)
    }
    endProducer()
  }

  private func drain(_ video: inout VideoState) throws {
    while true {
      let packet = try Packet()
      guard try encoder.receive(into: packet) == .output else { return }
      packet.streamIndex = videoIndex
      let frame = packet.pts.flatMap { video.frames.removeValue(forKey: $0) }
      // Encoders that reorder frames lose their durations.
      if let duration = frame?.duration { packet.duration = duration }
      // Fails only after an error, which ends this thread as well.
      videoRoom.push(())
      packets.push(Outgoing(packet: packet, arrival: frame?.arrival))
    }
  }

  /// Queues a packet for copying. Ignores streams that the container does not support.
  package func take(_ packet: Packet) {
    guard let index = copiedStreams[packet.streamIndex] else { return }
    packet.streamIndex = index
    if !isLowDelay {
      packets.push(Outgoing(packet: packet))
    } else if !packets.tryPush(Outgoing(packet: packet)) {
      latePackets.wrappingAdd(1, ordering: .relaxed)
    }
  }

  /// Declares that there are no more packets to copy.
  package func finishPackets() { endProducer() }

  private func endProducer() {
    let isLast = openProducers.withLock { count in
      count -= 1
      return count == 0
    }
    if isLast { packets.close() }
  }
}
