import FFmpeg

/// Encodes painted frames for a container: chooses the encoder, the format and the time of each frame.
///
/// The packets leave through a closure, in decoding order. Used by one thread at a time.
final class VideoEncoding: @unchecked Sendable {
  /// Passes on a packet and, if it belongs to a frame that has arrived, when that was.
  typealias Emit = (_ packet: Packet, _ arrival: ContinuousClock.Instant?) throws -> Void

  /// The format of the frames to encode.
  let format: VideoFormat
  /// The orientation of the frames: the source's if the container can store a rotation, otherwise upright.
  let orientation: Orientation
  /// Whether the display matrix of the source is kept.
  let keepsOrientation: Bool
  /// Whether interlaced frames are written as such.
  let keepsFields: Bool
  /// The HDR metadata for the container; nil if there is none.
  let hdrMetadata: HDRMetadata?
  /// The first encoder, whose parameters belong into the container's header.
  let header: Encoder
  /// The times of the frames, with the numbers of those that were repeated and dropped.
  private(set) var times: FrameTimes

  private let makeEncoder: () throws -> Encoder
  private let isConstantRate: Bool
  private let userData: PictureUserData.Writer
  /// Nil between two segments.
  private var encoder: Encoder?
  /// The last frame, if it may have to be repeated.
  private var last: Frame?
  /// What belongs to the packets of the frames inside the encoder, by timestamp. Repeated frames have not arrived.
  private var frames: [Int64: (duration: Int64?, arrival: ContinuousClock.Instant?, userData: PictureUserData?)] = [:]

  /// More frames than any encoder buffers. Entries beyond this belong to packets whose timestamps the encoder changed.
  private static let maximumFrameCount = 4096

  /// Opens an encoder for a video like that of `source` in the container of `muxer`.
  ///
  /// - Throws: ``EncodingError`` or `MediaError` if the container or the encoder cannot do what `options` requests.
  init(for muxer: Muxer, like source: any FrameSource, options: EncodingOptions) throws {
    let choice = try EncoderChoice(options, like: source.description, for: muxer)
    var description = source.description
    // The display matrix is copied along with its stream.
    let packets = source.packets
    keepsOrientation = packets?.video.displayMatrix != nil && muxer.keepsDisplayMatrix
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
    hdrMetadata = description.hdrMetadata
    let (encoded, usesGlobalHeader, threads) = (description, muxer.wantsGlobalHeader, options.threads)
    makeEncoder = { try choice.makeEncoder(for: encoded, threads: threads, usesGlobalHeader: usesGlobalHeader) }
    try FrameMemory.checkEncoder(of: format)
    header = try makeEncoder()
    encoder = header
    userData = PictureUserData.Writer(header)
    isConstantRate = muxer.hasConstantFrameRate
    let isSilent = packets.map { $0.demuxer.streams.count == 1 } ?? true
    let rate: FrameTimes.Rate =
      muxer.hasConstantFrameRate
      ? .ofContainer(isFilled: !muxer.storesEmptyFrames && !options.isLowDelay, startsAtFirst: isSilent)
      : choice.countsFrames(header, for: description) ? .ofCodec : .variable
    times = FrameTimes(rate, from: description.timeBase, to: header.settings.timeBase)
  }

  /// The time base of the packets; nil for that of the encoder.
  var packetTimeBase: Rational? { times.countsFromFirstFrame ? times.sourceTimeBase : nil }

  /// Encodes a frame.
  func write(_ frame: Frame, source: Frame, arrival: ContinuousClock.Instant, emit: Emit) throws {
    try frame.shareAncillaryData(of: source)
    let placement = times.place(frame.pts, duration: frame.duration)
    try repeatFrame(last ?? frame, at: placement.repetitions, emit)
    guard let pts = placement.pts else { return }
    try encode(
      frame, at: pts, duration: placement.duration, arrival: arrival, userData: userData.userData(of: source), emit)
    guard isConstantRate else { return }
    let kept = try last ?? Frame()
    try kept.reference(frame)
    last = kept
  }

  /// Takes note of the time of a frame that is not encoded.
  func skip(source: Frame) { _ = times.place(source.pts, duration: source.duration) }

  /// Repeats the last frame for as long as the container needs, and flushes the encoder.
  func finish(emit: Emit) throws {
    if let last { try repeatFrame(last, at: times.finish(), emit) }
    try flush(emit: emit)
  }

  /// Flushes the encoder. The next frame gets one of its own.
  func flush(emit: Emit) throws {
    guard let encoder else { return }
    while try !encoder.send(nil) { try drain(encoder, emit) }
    try drain(encoder, emit)
    self.encoder = nil
  }

  private func repeatFrame(_ frame: Frame, at times: Range<Int64>, _ emit: Emit) throws {
    for time in times { try encode(frame, at: time, duration: 1, arrival: nil, userData: nil, emit) }
  }

  private func encode(
    _ frame: Frame, at pts: Int64, duration: Int64?, arrival: ContinuousClock.Instant?, userData: PictureUserData?,
    _ emit: Emit
  ) throws {
    frame.pts = pts
    frame.clearPictureType()
    if frames.count >= Self.maximumFrameCount { frames.removeAll() }
    frames[pts] = (duration, arrival, userData)
    let encoder = try encoder ?? makeEncoder()
    self.encoder = encoder
    while try !encoder.send(frame) { try drain(encoder, emit) }
    try drain(encoder, emit)
  }

  private func drain(_ encoder: Encoder, _ emit: Emit) throws {
    while true {
      let packet = try Packet()
      guard try encoder.receive(into: packet) == .output else { return }
      let frame = packet.pts.flatMap { frames.removeValue(forKey: $0) }
      // Encoders that reorder frames lose their durations.
      if let duration = frame?.duration { packet.duration = duration }
      if times.countsFromFirstFrame {
        (packet.pts, packet.dts) = (packet.pts.map(times.packetTime), packet.dts.map(times.packetTime))
        packet.duration = header.settings.timeBase.rescale(packet.duration, to: times.sourceTimeBase)
      }
      try frame?.userData?.insert(into: packet)
      try emit(packet, frame?.arrival)
    }
  }
}
