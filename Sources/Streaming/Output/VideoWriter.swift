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
  private let makeEncoder: @Sendable () throws -> Encoder
  /// The time base of the frames in the encoder.
  private let timeBase: Rational
  private let userData: PictureUserData.Writer
  private let videoIndex: Int
  /// The source's other streams; nil for a source of frames only.
  private let tracks: TrackWriter?
  /// Video and copied packets that wait for the multiplexer.
  private let packets = BoundedQueue<Outgoing>(capacity: 512)
  /// Holds one element for each waiting video packet. The capacity is small because packets that wait are late.
  private let videoRoom: BoundedQueue<Void>
  private let openProducers: Mutex<Int>
  private let video: Mutex<VideoState>

  private struct VideoState {
    /// Nil between two segments.
    var encoder: Encoder?
    /// The frames in segments; nil if the render cannot be resumed.
    var resume: ResumeFile?
    /// The number of frames written or skipped.
    var frameCount = 0
    var times: FrameTimes
    /// The last frame, if it may have to be repeated.
    var last: Frame?
    /// What belongs to the packets of the frames inside the encoder, by timestamp. Repeated frames have not arrived.
    var frames: [Int64: (duration: Int64?, arrival: ContinuousClock.Instant?, userData: PictureUserData?)] = [:]
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
  /// - Parameters:
  ///   - resume: Where to keep the encoded video until the file is complete; nil for nowhere.
  ///   - interrupt: Called during blocking writes; return true to abort the write.
  /// - Throws: ``EncodingError`` or `MediaError` if the container or the encoder cannot do what `options` requests, or
  ///   if the target cannot be written; ``ResumeError``. The target is not removed.
  package init(
    _ target: MediaTarget, like source: any FrameSource, options: EncodingOptions, resume: ResumeOptions? = nil,
    interrupt: (@Sendable () -> Bool)? = nil
  ) throws {
    muxer = try Muxer(target, interrupt: interrupt)
    guard !muxer.isImageSequence || target.kind == .imageSequence || target.kind == .standardStream else {
      throw EncodingError.notOneFile(file: target.displayName)
    }
    isLowDelay = options.isLowDelay
    videoRoom = BoundedQueue(capacity: isLowDelay ? 2 : 64)
    if isLowDelay { muxer.useLowDelay() }
    let choice = try EncoderChoice(options, like: source.description, for: muxer)
    var description = source.description
    // The display matrix is copied along with its stream.
    let packets = source.packets
    let keepsOrientation = packets?.video.displayMatrix != nil && muxer.keepsDisplayMatrix
    if !keepsOrientation {
      (description.format.width, description.format.height) = description.displaySize
      if description.orientation.swapsSides, description.sampleAspectRatio.isPositive {
        description.sampleAspectRatio = description.sampleAspectRatio.inverse
      }
      description.orientation = .upright
    }
    orientation = description.orientation
    // Turned fields would no longer be rows.
    if !options.keepsFields || orientation != source.description.orientation { description.fieldOrder = .progressive }
    keepsFields = description.fieldOrder != .progressive
    description.format.pixelFormat = try choice.pixelFormat(for: description.format)
    description.format.color = source.description.format.paintedColor(as: description.format.pixelFormat)
    format = description.format
    let (encoded, usesGlobalHeader) = (description, muxer.wantsGlobalHeader)
    makeEncoder = {
      try choice.makeEncoder(for: encoded, threads: options.threads, usesGlobalHeader: usesGlobalHeader)
    }
    try FrameMemory.checkEncoder(of: format)
    let encoder = try makeEncoder()
    timeBase = encoder.settings.timeBase
    userData = PictureUserData.Writer(encoder)
    let sourceTimeBase = description.timeBase
    let isSilent = packets.map { $0.demuxer.streams.count == 1 } ?? true
    let rate: FrameTimes.Rate =
      muxer.hasConstantFrameRate
      ? .ofContainer(isFilled: !muxer.storesEmptyFrames && !isLowDelay, startsAtFirst: isSilent)
      : choice.countsFrames(encoder, for: description) ? .ofCodec : .variable
    let times = FrameTimes(rate, from: sourceTimeBase, to: encoder.settings.timeBase)
    let packetTimeBase = times.countsFromFirstFrame ? sourceTimeBase : nil

    if let packets {
      let tracks = try TrackWriter(
        Tracks(
          of: packets.demuxer, video: packets.video, encoder: encoder, keepsDisplayMatrix: keepsOrientation,
          packetTimeBase: packetTimeBase, to: muxer, options: options.tracks))
      videoIndex = tracks.videoIndex
      self.tracks = tracks
    } else {
      videoIndex = try muxer.addStream(encoder: encoder, packetTimeBase: packetTimeBase)
      tracks = nil
    }
    // What the container says about an HDR source is not true for one that was converted.
    if description.hdrMetadata != nil || !description.format.color.isHDR {
      try muxer.setHDRMetadata(description.hdrMetadata, ofStream: videoIndex)
    }
    if resume != nil, muxer.hasConstantFrameRate {
      throw ResumeError.unsupported(
        file: target.displayName, reason: "the container \(muxer.containerName) has a constant frame rate")
    }
    self.video = Mutex(
      VideoState(encoder: encoder, resume: try resume.map { try ResumeFile($0, encoder: encoder) }, times: times))
    openProducers = Mutex(packets == nil ? 1 : 2)
    if let packets { try muxer.copyMetadata(of: packets.demuxer) }
    muxer.keepSegments(isLive: isLowDelay)
    try muxer.writeHeader(options: packets.map { muxer.options(toKeep: $0.demuxer) } ?? [:])
    packets?.connect(to: self)
  }

  /// The warning that frames were composited, one sentence.
  package var alphaWarning: String {
    "\(muxer.displayName): the encoder stores no transparency, so frames were composited over the --background colour; "
      + "--codec prores_ks in MOV, libvpx-vp9 in WebM and PNG pictures keep it"
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
    try video.withLock { video in
      try frame.shareAncillaryData(of: source)
      let placement = video.times.place(frame.pts, duration: frame.duration)
      try repeatFrame(video.last ?? frame, at: placement.repetitions, &video)
      if let pts = placement.pts {
        try encode(
          frame, at: pts, duration: placement.duration, arrival: arrival, userData: userData.userData(of: source),
          &video)
      }
      // Segments count the frames of the source, whether or not their time has room for them.
      video.frameCount += 1
      if let resume = video.resume, video.frameCount % ResumeFile.segmentLength == 0 {
        try flush(&video)
        try resume.endSegment()
      }
      guard muxer.hasConstantFrameRate, placement.pts != nil else { return }
      let last = try video.last ?? Frame()
      try last.reference(frame)
      video.last = last
    }
  }

  private func repeatFrame(_ frame: Frame, at times: Range<Int64>, _ video: inout VideoState) throws {
    for time in times { try encode(frame, at: time, duration: 1, arrival: nil, userData: nil, &video) }
  }

  private func encode(
    _ frame: Frame, at pts: Int64, duration: Int64?, arrival: ContinuousClock.Instant?, userData: PictureUserData?,
    _ video: inout VideoState
  ) throws {
    frame.pts = pts
    frame.clearPictureType()
    if video.frames.count >= Self.maximumFrameCount { video.frames.removeAll() }
    video.frames[pts] = (duration, arrival, userData)
    let encoder = try video.encoder ?? makeEncoder()
    video.encoder = encoder
    while try !encoder.send(frame) { try drain(encoder, &video) }
    try drain(encoder, &video)
  }

  // MARK: Resuming

  /// The number of frames of an interrupted run that are taken over.
  package var finishedFrameCount: Int { video.withLock { $0.resume?.frameCount ?? 0 } }

  /// The number of frames that another run could take over; nil if the render cannot be resumed.
  var keptFrameCount: Int? { video.withLock { $0.resume?.keptFrameCount } }

  /// Writes the packets of an earlier run when their first frame comes.
  package func skip(source: Frame) throws {
    try video.withLock { video in
      _ = video.times.place(source.pts, duration: source.duration)
      if video.frameCount % ResumeFile.segmentLength == 0 {
        try video.resume?.replaySegment { queueVideo($0, arrival: nil) }
      }
      video.frameCount += 1
    }
  }

  /// Removes what was kept for another run. Call it when the file has its name.
  func forgetSegments() { video.withLock { $0.resume?.remove() } }

  /// Flushes the encoder. The file is complete when all threads have ended.
  package func finish() throws {
    try video.withLock { video in
      if let last = video.last { try repeatFrame(last, at: video.times.finish(), &video) }
      try flush(&video)
    }
    endProducer()
  }

  private func flush(_ video: inout VideoState) throws {
    guard let encoder = video.encoder else { return }
    while try !encoder.send(nil) { try drain(encoder, &video) }
    try drain(encoder, &video)
    video.encoder = nil
  }

  private func drain(_ encoder: Encoder, _ video: inout VideoState) throws {
    while true {
      let packet = try Packet()
      guard try encoder.receive(into: packet) == .output else { return }
      let frame = packet.pts.flatMap { video.frames.removeValue(forKey: $0) }
      // Encoders that reorder frames lose their durations.
      if let duration = frame?.duration { packet.duration = duration }
      if video.times.countsFromFirstFrame {
        (packet.pts, packet.dts) = (
          packet.pts.map(video.times.packetTime), packet.dts.map(video.times.packetTime)
        )
        packet.duration = timeBase.rescale(packet.duration, to: video.times.sourceTimeBase)
      }
      try frame?.userData?.insert(into: packet)
      try video.resume?.append(packet)
      queueVideo(packet, arrival: frame?.arrival)
    }
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
