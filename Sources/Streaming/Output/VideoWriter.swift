import FFmpeg
import Foundation
import Synchronization
import Threading

/// Writes frames as the video of a file or stream, and beside them the other streams of the source they come from.
///
/// The writing thread encodes, a thread of its own multiplexes. With low delay, packets of sound and text that the
/// target does not take in time are dropped, so that the source need not wait.
public final class VideoWriter: FrameSink, PacketRecipient {
  private let format: VideoFormat
  /// How the frames are to be stored: turned like the source's where the container can say so, else upright.
  public let orientation: Orientation
  private let missingStreams: [String]
  private let damagedPackets = Atomic<Int>(0)
  private let latePackets = Atomic<Int>(0)
  private let isLowDelay: Bool
  private let muxer: Muxer
  private let encoder: Encoder
  private let sourceTimeBase: Rational
  private let videoIndex: Int
  /// Output's stream index for the input's.
  private let copiedStreams: [Int: Int]
  /// Packets on their way to the file, the video's and the others.
  private let packets = BoundedQueue<Outgoing>(capacity: 512)
  /// Holds one element for each packet of the video on its way: there is room for few, since they are late when they
  /// wait.
  private let videoRoom: BoundedQueue<Void>
  private let openProducers: Mutex<Int>
  private let video: Mutex<VideoState>

  private struct VideoState {
    var timestamps = TimestampRepair(step: 1)
    /// What belongs to the frames inside the encoder, by their times.
    var frames: [Int64: (duration: Int64?, arrival: ContinuousClock.Instant)] = [:]
  }

  /// More frames than any encoder holds back: the rest are of packets that it gives other times.
  private static let maximumFrameCount = 4096

  private struct Outgoing {
    let packet: Packet
    var arrival: ContinuousClock.Instant?
  }

  /// Creates `target`, a video like that of `source`, and writes the head. The source's other streams are copied, where
  /// it has packets.
  ///
  /// `interrupt` is asked whether to give up a write that blocks. Throws `EncodingError` or `MediaError` if the
  /// container or the encoder cannot do what is asked or the target cannot be written. Nothing is removed then.
  public init(
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
    let choice = try EncoderChoice(options, for: muxer)
    var description = source.description
    // The matrix is copied with the stream that it belongs to.
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
    description.format.pixelFormat = choice.pixelFormat(
      width: description.format.width, height: description.format.height)
    description.format.color = source.description.format.color(encodedAs: description.format.pixelFormat)
    format = description.format
    encoder = try choice.makeEncoder(
      for: description, threads: options.threads, usesGlobalHeader: muxer.wantsGlobalHeader)
    sourceTimeBase = source.description.timeBase

    // Streams keep their order; the video keeps its place among them.
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
          "\(name): the \(stream.mediaType) stream \(stream.index) (\(stream.codecName)) is left out: the container "
            + "\(muxer.containerName) does not take it")
      }
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

  /// What of the source is not in the file, one sentence each: streams that the container does not take, damaged
  /// packets.
  public var warnings: [String] {
    let count = damagedPackets.load(ordering: .relaxed)
    let late = latePackets.load(ordering: .relaxed)
    var result = missingStreams
    if count > 0 {
      result.append(
        "\(muxer.displayName): \(count) damaged \(count == 1 ? "packet" : "packets") of sound or text left out")
    }
    if late > 0 {
      result.append(
        "\(muxer.displayName): \(late) \(late == 1 ? "packet" : "packets") of sound or text dropped, which it did not take in time"
      )
    }
    return result
  }

  /// The same for every source: a file keeps its size.
  public func format(for source: VideoDescription) -> VideoFormat { format }

  /// Starts the multiplexing; a frame counts as delivered when its packet is written.
  public func start(on threads: ThreadGroup, delivered: @escaping @Sendable (ContinuousClock.Instant) -> Void) {
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
      // Packets that need another form in this container must be understood for it.
      damagedPackets.wrappingAdd(1, ordering: .relaxed)
    }
  }

  /// Encodes a frame.
  public func write(_ frame: Frame, source: Frame, arrival: ContinuousClock.Instant) throws {
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

  /// Encodes what the encoder still holds; the file is whole when the threads have ended.
  public func finish() throws {
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
      // Encoders that reorder frames forget how long they last.
      if let duration = frame?.duration { packet.duration = duration }
      // Refused only after an error, which ends this thread as well.
      videoRoom.push(())
      packets.push(Outgoing(packet: packet, arrival: frame?.arrival))
    }
  }

  /// Takes a packet to be copied; nothing of streams that the container does not take.
  public func take(_ packet: Packet) {
    guard let index = copiedStreams[packet.streamIndex] else { return }
    packet.streamIndex = index
    if !isLowDelay {
      packets.push(Outgoing(packet: packet))
    } else if !packets.tryPush(Outgoing(packet: packet)) {
      latePackets.wrappingAdd(1, ordering: .relaxed)
    }
  }

  /// Notes that no more packets are to be copied.
  public func finishPackets() { endProducer() }

  private func endProducer() {
    let isLast = openProducers.withLock { count in
      count -= 1
      return count == 0
    }
    if isLast { packets.close() }
  }
}
