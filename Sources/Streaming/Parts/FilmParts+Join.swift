import FFmpeg
import Files

extension FilmParts {
  /// A film that was joined.
  public struct Joined: Sendable {
    /// The number of frames.
    public let frames: Int
    /// The number of segments.
    public let segments: Int
    /// Problems to show to the user, such as omitted streams. One sentence each.
    public let warnings: [String]
  }

  /// Joins the segments in `folder`, without encoding them again, with the sound, subtitles, chapters and tags of the
  /// film. A file appears under its name only if every segment is there, whole and of the same settings.
  ///
  /// - Parameters:
  ///   - source: The path of the film; nil for the one that it had when its parts were painted.
  ///   - shouldStop: Called often; true ends the join with an error.
  ///   - progress: Receives the number of frames that are joined, and that of all frames.
  /// - Throws: ``PartError``, `FileError`, `MediaError` or ``StoppedError``. An existing file is then unchanged.
  public static func join(
    folder path: String, to output: MediaTarget, source other: String? = nil,
    tracks options: TrackOptions = TrackOptions(), shouldStop: @escaping @Sendable () -> Bool = { false },
    progress: @escaping @Sendable (_ frames: Int, _ total: Int) -> Void = { _, _ in }
  ) throws -> Joined {
    let folder = try FilmFolder(path: path, creates: false)
    guard let film = try folder.film() else { throw PartError.foreign(path: path) }
    let source = try film.input.source(at: other)
    guard try fingerprint(of: source.name) == film.settings["input"] else {
      throw PartError.otherSettings(
        path: path, setting: "input", before: film.settings["input"] ?? "none", now: try fingerprint(of: source.name))
    }
    let records = try checked(folder, film, shouldStop)
    guard output.isSingleFile else {
      throw PartError.unsupported(file: output.displayName, reason: "the output has to be one file")
    }
    var target = output
    let file = try AtomicFile(path: output.path)
    target.path = file.temporaryPath
    let muxer = try Muxer(target, interrupt: shouldStop)
    let encoder = try Self.encoder(film, for: muxer, path)
    let input = try PacketInput(source, live: nil, interrupt: shouldStop)
    let hdr = encoder.settings.format.color.isHDR ? input.firstFrame.hdrMetadata : nil
    let packetTimeBase = film.countsFrames ? input.video.timeBase : nil
    let (videoIndex, tracks) = try muxer.open(
      VideoHeader(
        encoder: encoder, packetTimeBase: packetTimeBase, keepsOrientation: film.keepsOrientation, hdrMetadata: hdr),
      demuxer: input.demuxer, video: input.video, tracks: options, isLive: false)
    let joining = Joining(muxer: muxer, videoIndex: videoIndex, tracks: tracks)
    var segments = SegmentPackets(folder, records)
    let unit = (packetTimeBase ?? encoder.settings.timeBase).value
    let total = records.reduce(0) { $0 + $1.frames }
    var (next, first, remark) = (try segments.next(), Int64?.none, String?.none)
    func writeVideo(until time: Double) throws {
      while let packet = next, case let own = packet.dts ?? packet.pts ?? 0, Double(own) * unit <= time {
        packet.streamIndex = videoIndex
        try muxer.write(packet)
        next = try segments.next()
        progress(segments.frames, total)
      }
    }
    while !shouldStop() {
      let item: PacketInput.Item?
      do { item = try input.next() } catch let error as MediaError {
        // Like players, use everything before the error.
        if let failure = input.demuxer.deviceError { throw failure }
        remark = error.logLine ?? error.message
        break
      }
      guard let item else { break }
      guard item.packet.streamIndex == input.video.index else {
        try joining.take(item.packet)
        continue
      }
      guard let time = item.packet.dts ?? item.packet.pts else { continue }
      let start = first ?? time
      first = start
      if let end = film.input.end, (Double(time) - Double(start)) * input.video.timeBase.value >= end { break }
      try writeVideo(until: Double(time) * input.video.timeBase.value)
    }
    if shouldStop() { throw StoppedError(file: output.displayName) }
    try writeVideo(until: .infinity)
    try joining.finish()
    try muxer.finish()
    try file.commit()
    if let remark = remark ?? input.demuxer.endRemark {
      joining.remarks.append("\(source.displayName): the file is truncated (\(remark)); the readable part was used")
    }
    return Joined(frames: total, segments: records.count, warnings: joining.remarks)
  }

  /// Returns what stands beside the segments if all are whole.
  private static func checked(
    _ folder: FilmFolder, _ film: Film, _ shouldStop: () -> Bool
  ) throws -> [SegmentRecord] {
    let identity = try film.identity()
    var records: [SegmentRecord] = []
    var problems: [(text: String, frames: Range<Int>)] = []
    var frame = 0
    for (index, segment) in film.plan.segments.enumerated() {
      if shouldStop() { throw StoppedError(file: folder.path) }
      let frames = frame..<frame + segment.frames
      frame = frames.upperBound
      let problem = folder.problem(index, identity: identity)
      if problem == nil, let record = folder.record(index) {
        records.append(record)
      } else if let last = problems.last, last.text == problem ?? "missing",
        last.frames.upperBound == frames.lowerBound
      {
        problems[problems.count - 1].frames = last.frames.lowerBound..<frames.upperBound
      } else {
        problems.append((problem ?? "missing", frames))
      }
    }
    guard problems.isEmpty else {
      let texts = problems.prefix(5).map {
        "frames \($0.frames.lowerBound + 1) to \($0.frames.upperBound) are \($0.text)"
      }
      throw PartError.incomplete(
        path: folder.path, problems: texts + (problems.count > 5 ? ["and \(problems.count - 5) more gaps"] : []))
    }
    guard records.contains(where: { $0.frames > 0 }) else {
      throw PartError.incomplete(path: folder.path, problems: ["there is no frame"])
    }
    return records
  }

  /// Opens the encoder of the parts again, for its parameter sets.
  private static func encoder(_ film: Film, for muxer: Muxer, _ path: String) throws -> Encoder {
    let encoder = try Encoder(film.encoder)
    let fits =
      !muxer.hasConstantFrameRate && !muxer.isImageSequence
      && muxer.wantsGlobalHeader == film.encoder.usesGlobalHeader
      && (!film.keepsOrientation || muxer.keepsDisplayMatrix)
    guard fits, muxer.accepts(try VideoCodec(encoder: film.encoder.codec)) else {
      throw PartError.unsupported(
        file: muxer.displayName,
        reason: "the parts are encoded for another container than \(muxer.containerName); --output-format of the parts "
          + "chooses it")
    }
    guard try SHA256.hexDigest(of: encoder.parameterSets) == film.parameterSets else {
      throw PartError.otherSettings(
        path: path, setting: "encoder", before: film.encoder.codec, now: "another version of it on this machine")
    }
    return encoder
  }
}

/// Writes the streams beside the video.
private final class Joining {
  private let muxer: Muxer
  private let videoIndex: Int
  private let tracks: TrackWriter?
  private var damageCount = 0
  var remarks: [String]

  init(muxer: Muxer, videoIndex: Int, tracks: TrackWriter?) {
    (self.muxer, self.videoIndex, self.tracks) = (muxer, videoIndex, tracks)
    remarks = tracks?.remarks ?? []
  }

  func take(_ packet: Packet) throws {
    var made: [Packet] = []
    tracks?.take(packet) { made.append($0) }
    try write(made)
  }

  func finish() throws {
    var made: [Packet] = []
    tracks?.finish { made.append($0) }
    try write(made)
    let count = damageCount + (tracks?.damagedPacketCount ?? 0)
    if count > 0 {
      remarks.append(VideoWriter.damageWarning(muxer.displayName, count: count))
    }
  }

  private func write(_ packets: [Packet]) throws {
    try tracks?.checkFailure()
    for packet in packets {
      do { try muxer.write(packet) } catch let error as MediaError where error.isInvalidData { damageCount += 1 }
    }
  }
}

/// The packets of all segments, in order. Each segment is compared with its checksum before its first packet.
private struct SegmentPackets {
  private let folder: FilmFolder
  private let records: [SegmentRecord]
  private var (index, offset, count) = (0, 0, 0)
  private var reader: SegmentFileReader?
  /// The number of frames in the segments that have been read.
  private(set) var frames = 0

  init(_ folder: FilmFolder, _ records: [SegmentRecord]) { (self.folder, self.records) = (folder, records) }

  /// Returns the next packet; nil after the last one.
  mutating func next() throws -> Packet? {
    while index < records.count {
      let record = records[index]
      let path = folder.packetPath(record.segment)
      if reader == nil {
        let opened = try SegmentFileReader(path: path)
        guard try opened.matches(record) else { throw PartError.unusable(path: path, reason: "it is damaged") }
        (reader, offset, count) = (opened, 0, 0)
      }
      if let packet = try reader?.packet(at: &offset) {
        count += 1
        return packet
      }
      guard count == record.packets else { throw PartError.unusable(path: path, reason: "it is damaged") }
      reader = nil
      frames += record.frames
      index += 1
    }
    return nil
  }
}
