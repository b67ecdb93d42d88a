import FFmpeg
import Foundation
import Synchronization
import Threading

/// Writes frames as the video of a file, and beside them the other streams of the file they come from.
///
/// The writing thread encodes, a thread of its own multiplexes.
public final class VideoWriter: FrameSink, PacketRecipient {
  /// The format of the frames it takes.
  public let format: VideoFormat
  /// How the frames are to be stored: turned like the source's where the container can say so, else upright.
  public let orientation: Orientation
  private let missingStreams: [String]
  private let damagedPackets = Atomic<Int>(0)
  private let muxer: Muxer
  private let encoder: Encoder
  private let sourceTimeBase: Rational
  private let videoIndex: Int
  /// Output's stream index for the input's.
  private let copiedStreams: [Int: Int]
  /// Packets on their way to the file, the video's and the others.
  private let packets = BoundedQueue<Packet>(capacity: 64)
  private let openProducers = Mutex(2)
  private let video: Mutex<VideoState>

  private struct VideoState {
    var timestamps = TimestampRepair(step: 1)
    /// Durations of the frames inside the encoder, by time: encoders that reorder frames forget them.
    var durations: [Int64: Int64] = [:]
  }

  /// Creates `path`, a video like that of `source` in the container that `name` tells, and writes the head.
  ///
  /// Throws `EncodingError` or `MediaError` if the container or the encoder cannot do what is asked or the file cannot be
  /// written. Nothing is removed then.
  public init(path: String, named name: String, like source: VideoReader, options: EncodingOptions) throws {
    guard Muxer.containerName(for: name) == nil || Muxer.isSingleFile(name) else {
      throw EncodingError.notOneFile(file: name)
    }
    muxer = try Muxer(path: path, named: name)
    let choice = try EncoderChoice(options, for: muxer)
    var description = source.description
    let keepsOrientation = muxer.keepsDisplayMatrix
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
    var video = 0
    var copied: [Int: Int] = [:]
    var warnings: [String] = []
    for stream in source.demuxer.streams {
      if stream.index == source.stream.index {
        video = try muxer.addStream(encoder: encoder, like: stream, keepsDisplayMatrix: keepsOrientation)
      } else if muxer.accepts(stream) {
        copied[stream.index] = try muxer.addStream(copying: stream)
      } else {
        source.demuxer.discard(stream)
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
    try muxer.copyMetadata(of: source.demuxer)
    try muxer.writeHeader()
    source.connect(to: self)
  }

  /// What of the source is not in the file, one sentence each: streams that the container does not take, damaged packets.
  public var warnings: [String] {
    let count = damagedPackets.load(ordering: .relaxed)
    let damage = "\(muxer.displayName): \(count) damaged \(count == 1 ? "packet" : "packets") of sound or text left out"
    return missingStreams + (count > 0 ? [damage] : [])
  }

  /// Starts the multiplexing.
  public func start(on threads: ThreadGroup) {
    threads.onCancel { [packets] in packets.close(discarding: true) }
    threads.start("mux") { [self] in
      while let packet = packets.pop() { try multiplex(packet) }
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
  public func write(_ frame: Frame) throws {
    try video.withLock { video in
      let duration = frame.duration
      let wanted = frame.pts.map { sourceTimeBase.rescale($0, to: encoder.settings.timeBase) }
      let pts = video.timestamps.next(wanted, duration: 0)
      frame.pts = pts
      frame.clearPictureType()
      if duration > 0 { video.durations[pts] = sourceTimeBase.rescale(duration, to: encoder.settings.timeBase) }
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
      if let pts = packet.pts, let duration = video.durations.removeValue(forKey: pts) { packet.duration = duration }
      // Refused only after an error, which ends this thread as well.
      packets.push(packet)
    }
  }

  func copy(_ packet: Packet) {
    guard let index = copiedStreams[packet.streamIndex] else { return }
    packet.streamIndex = index
    packets.push(packet)
  }

  func finishCopying() { endProducer() }

  private func endProducer() {
    let isLast = openProducers.withLock { count in
      count -= 1
      return count == 0
    }
    if isLast { packets.close() }
  }
}
