import FFmpeg
import Foundation

/// The frames of a mask's file, in step with the frames of a film. Used by one thread.
final class MaskFile {
  /// Containers round times, to a millisecond at worst, the film's as well as the mask's.
  private static let tolerance = 0.002

  /// The name of the file.
  let name: String
  /// Whether the file has only one frame.
  let isStill: Bool
  /// How the frames are to be turned.
  var orientation: Orientation { source.description.orientation }
  /// Whether the mask is the alpha of the frames.
  let usesAlpha: Bool
  /// The size of the first frame as displayed.
  let displaySize: (width: Int, height: Int)
  /// Whether the frames belong to those of the film one by one, because they have no times.
  private let isNumbered: Bool
  private let source: MaskFileSource
  private var reading: FrameReading
  /// The time stamp of the first frame.
  private let start: Int64
  private var current: Entry
  private var next: Entry?
  private var spare: Frame?
  private var hasBegun = false
  /// The number of frames that have been used.
  private var count = 1
  /// After what the mask has ended, in words; nil before.
  private(set) var end: String?

  private struct Entry {
    let frame: Frame
    /// Seconds since the first frame of the mask.
    let time: Double
    let end: Double
  }

  /// Opens the file and reads its first two frames.
  ///
  /// - Parameter keepsFields: Whether interlaced frames stay as they are.
  /// - Throws: ``MaskError``, or `MediaError` if the file has no frame that can be decoded.
  init(_ name: String, keepsFields: Bool = false) throws {
    let media = try MediaSource(name)
    guard media.kind == .file || media.kind == .imageSequence else { throw MaskError.notAFile(name: name) }
    self.name = name
    isNumbered = media.kind == .imageSequence
    let source = try MaskFileSource(media)
    usesAlpha = source.description.isTransparent
    displaySize = source.description.displaySize
    var reading = FrameReading(source, keepsFields: keepsFields, threads: 1)
    let frame = try Frame()
    guard try reading.read(into: frame) != nil else {
      throw MediaError(operation: "decode", file: name, message: "it contains no frame that can be decoded")
    }
    let start = frame.pts ?? 0
    current = Self.entry(frame, source, start: start)
    let second = try Frame()
    next = try reading.read(into: second) == nil ? nil : Self.entry(second, source, start: start)
    isStill = next == nil
    (self.source, self.reading, self.start) = (source, reading, start)
  }

  private static func entry(_ frame: Frame, _ source: MaskFileSource, start: Int64) -> Entry {
    let scale = source.description.timeBase.value
    let time = Double((frame.pts ?? start) - start) * scale
    let usual = source.description.frameRate.map { 1 / max(1, $0.value) } ?? 0.04
    let duration = frame.duration > 0 ? Double(frame.duration) * scale : usual
    return Entry(frame: frame, time: time, end: time + duration)
  }

  /// Returns the mask's frame for the next frame of the film, valid until the next call.
  ///
  /// - Parameter seconds: The time since the first frame of the film. It must not decrease.
  /// - Throws: `MediaError` if the file cannot be read any further because its disk fails.
  func frame(at seconds: Double) throws -> Frame {
    if isNumbered {
      if hasBegun, !isStill {
        if next == nil { end = end ?? "\(count) pictures" } else { try advance() }
      }
    } else {
      while let next, next.time <= seconds + Self.tolerance { try advance() }
      if next == nil, !isStill, seconds > current.end - Self.tolerance {
        end = end ?? String(format: "%.3f s", current.end)
      }
    }
    hasBegun = true
    return current.frame
  }

  private func advance() throws {
    guard let following = next else { return }
    let free = try spare ?? Frame()
    spare = current.frame
    current = following
    count += 1
    next = try reading.read(into: free) == nil ? nil : Self.entry(free, source, start: start)
    if let error = source.deviceError { throw error }
  }
}

/// The frames of a file, decoded when they are read. Used by one thread.
private final class MaskFileSource: FrameSource, @unchecked Sendable {
  let description: VideoDescription
  private let demuxer: Demuxer
  private let stream: MediaStream
  private let decoder: Decoder
  private let packet: Packet
  private var timestamps: TimestampRepair
  private var first: Frame?
  private var isDraining = false

  init(_ source: MediaSource) throws {
    demuxer = try Demuxer(source)
    stream = try demuxer.bestVideoStream()
    // libav draws text files as terminals do.
    if stream.codecName == "ansi" {
      throw MediaError(operation: "read", file: source.name, message: "it is a text file")
    }
    decoder = try Decoder(stream)
    packet = try Packet()
    let step = stream.nominalFrameRate.map { [timeBase = stream.timeBase] in $0.inverse.rescale(1, to: timeBase) } ?? 1
    timestamps = TimestampRepair(step: step)
    let frame = try Frame()
    guard try Self.decode(decoder, demuxer, packet, stream, &isDraining, into: frame) else {
      throw MediaError(operation: "decode", file: source.name, message: "it contains no frame that can be decoded")
    }
    first = frame
    var description = VideoDescription(
      format: frame.format, timeBase: stream.timeBase, frameRate: stream.nominalFrameRate,
      orientation: Orientation(stream.displayMatrix ?? frame.displayMatrix))
    description.isTransparent = !frame.isOpaque
    self.description = description
  }

  /// The error of the disk that ended the file; nil if it ended normally. A truncated file ends normally.
  var deviceError: MediaError? { demuxer.deviceError }

  func read(into frame: Frame) throws -> Bool {
    if let first {
      self.first = nil
      try frame.reference(first)
    } else if try !Self.decode(decoder, demuxer, packet, stream, &isDraining, into: frame) {
      return false
    }
    frame.color = frame.color.filled(from: description.format.color)
    frame.pts = timestamps.next(frame.bestEffortTimestamp ?? frame.pts, duration: frame.duration)
    return true
  }

  /// Decodes the next frame. Damaged packets are skipped. Returns false after the last frame.
  private static func decode(
    _ decoder: Decoder, _ demuxer: Demuxer, _ packet: Packet, _ stream: MediaStream, _ isDraining: inout Bool,
    into frame: Frame
  ) throws -> Bool {
    while true {
      do {
        switch try decoder.receive(into: frame) {
        case .output: return true
        case .ended: return false
        case .needsInput:
          if isDraining { return false }
          _ = try decoder.send(try nextPacket(demuxer, packet, stream, &isDraining))
        }
      } catch let error as MediaError where error.operation == "decode" && !isDraining {
        continue
      }
    }
  }

  private static func nextPacket(
    _ demuxer: Demuxer, _ packet: Packet, _ stream: MediaStream, _ isDraining: inout Bool
  ) throws -> Packet? {
    do {
      while try demuxer.read(into: packet) {
        if packet.streamIndex == stream.index { return packet }
      }
    } catch is MediaError {
      // Like players, use everything before the error.
    }
    isDraining = true
    return nil
  }
}
