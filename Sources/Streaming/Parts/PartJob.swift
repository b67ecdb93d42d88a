import FFmpeg
import Foundation

/// The painting of one part of a film into its folder. Segments that are there are not painted again.
public final class PartJob {
  /// The properties of the film.
  public let description: VideoDescription
  /// The number of frames of the part, as far as the packets of the film tell.
  public let frameCount: Int
  /// The number of frames of the part that were there already.
  public let keptFrameCount: Int
  let folder: FilmFolder
  let film: Film
  private let parts: FilmParts
  private let missing: [Int]
  private let container: MediaTarget
  private let options: Stylization.Options
  private let encodingOptions: EncodingOptions
  private let open: @Sendable () throws -> any FrameSource
  private let guardian: UnchangedFilm
  private var opened: (source: any FrameSource, encoding: VideoEncoding)?

  /// Opens the film and finds what is to be painted.
  ///
  /// The first process for a folder reads the whole film for its cuts, without decoding it.
  ///
  /// - Parameters:
  ///   - container: The container for which the film is encoded. Nothing is written there.
  ///   - options: How to paint; every frame.
  ///   - interrupt: Called often; true ends the reading of the film.
  ///   - open: Opens the film from its first frame.
  /// - Throws: ``PartError``, ``EncodingError``, `MediaError` or `FileError`.
  public init(
    _ parts: FilmParts, _ part: FilmPart, container: MediaTarget, options: Stylization.Options,
    encoding: EncodingOptions, interrupt: @escaping @Sendable () -> Bool = { false },
    open: @escaping @Sendable () throws -> any FrameSource
  ) throws {
    guard options.frames == .every else {
      throw PartError.unsupported(file: parts.source.displayName, reason: "live painting leaves out frames")
    }
    let folder = try FilmFolder(path: parts.folder, creates: true)
    guardian = UnchangedFilm(parts.source.name, fingerprint: parts.settings["input"] ?? "")
    let known = try folder.film()
    let source = try options.masked(open())
    let videoEncoding = try Self.encoding(container, like: source, encoding)
    let header = videoEncoding.header
    guard Packet.isArchivable(codec: header.settings.codec) else {
      throw PartError.unsupported(
        file: container.displayName, reason: "the codec \(header.settings.codec) has no bytes to keep")
    }
    let input = Film.Input(parts.source, end: options.script?.end)
    func film(_ plan: SegmentPlan) throws -> Film {
      Film(
        settings: parts.settings, encoder: header.settings,
        parameterSets: try SHA256.hexDigest(of: header.parameterSets),
        countsFrames: videoEncoding.times.countsFromFirstFrame, keepsOrientation: videoEncoding.keepsOrientation,
        plan: plan, input: input)
    }
    let own = try film(known?.plan ?? SegmentPlan(of: parts.source, end: input.end, interrupt: interrupt))
    guard !own.plan.segments.isEmpty else {
      throw PartError.unsupported(file: parts.source.displayName, reason: "there is no frame to paint")
    }
    try guardian.check()
    let stored = try known ?? folder.publish(own)
    if let difference = stored.difference(to: own) {
      throw PartError.otherSettings(
        path: parts.folder, setting: difference.setting, before: difference.before, now: difference.now)
    }
    let identity = try stored.identity()
    let segments = part.segments(of: stored.plan.segments.count)
    missing = segments.filter { !folder.isWhole($0, identity: identity) }
    func count(_ segments: some Sequence<Int>) -> Int {
      segments.reduce(0) { $0 + stored.plan.segments[$1].frames }
    }
    frameCount = count(segments)
    keptFrameCount = frameCount - count(missing)
    (self.parts, self.folder, self.film, self.container, self.options) = (parts, folder, stored, container, options)
    (encodingOptions, self.open, description) = (encoding, open, source.description)
    opened = (source, videoEncoding)
  }

  private static func encoding(
    _ container: MediaTarget, like source: any FrameSource, _ options: EncodingOptions
  ) throws -> VideoEncoding {
    let muxer = try Muxer(
      MediaTarget(nowhereIn: container.format, named: container.name, options: container.options))
    guard !muxer.hasConstantFrameRate, !muxer.isImageSequence else {
      throw PartError.unsupported(
        file: container.displayName, reason: "the container \(muxer.containerName) has a constant frame rate")
    }
    return try VideoEncoding(for: muxer, like: source, options: options)
  }

  /// Paints what is missing. Call this once.
  ///
  /// - Parameters:
  ///   - style: Creates the style as it is at the beginning of the film.
  ///   - shouldStop: Called often, from several threads; true ends the run with an error.
  ///   - observe: Receives statistics four times a second, on a thread of the run.
  ///   - progress: Receives the number of frames of the part that are done, and that of all its frames.
  /// - Throws: ``PartError``, `FileError`, `MediaError`, or an error of the style. Whole segments stay.
  public func run(
    style: () throws -> StyleMixer, shouldStop: @escaping @Sendable () -> Bool = { false },
    observe: @escaping @Sendable (StylizationStatistics) -> Void = { _ in },
    progress: @escaping @Sendable (_ frames: Int, _ total: Int) -> Void = { _, _ in }
  ) throws -> VideoStylization.Result {
    progress(keptFrameCount, frameCount)
    guard !missing.isEmpty else { return result(StylizationStatistics(), warnings: []) }
    do {
      return try attempt(fromKeyframe: true, style, shouldStop, observe, progress)
    } catch is InexactDecoding {
      // Damage, or an encoder that keyframes do not reset: only decoding from the first frame gives the same frames.
      return try attempt(fromKeyframe: false, style, shouldStop, observe, progress)
    }
  }

  private func attempt(
    fromKeyframe: Bool, _ style: () throws -> StyleMixer, _ shouldStop: @escaping @Sendable () -> Bool,
    _ observe: @escaping @Sendable (StylizationStatistics) -> Void,
    _ progress: @escaping @Sendable (_ frames: Int, _ total: Int) -> Void
  ) throws -> VideoStylization.Result {
    let source = try opened?.source ?? options.masked(open())
    let encoding = try opened?.encoding ?? Self.encoding(container, like: source, encodingOptions)
    opened = nil
    let identity = try film.identity()
    // An attempt before may have finished some.
    let wanted = missing.filter { !folder.isWhole($0, identity: identity) }
    let keyframe = fromKeyframe ? usableKeyframe(before: wanted.first, source, encoding) : nil
    if let keyframe { try source.begin(at: keyframe) }
    let writer = try SegmentWriter(
      folder, film: film, wanted: wanted, encoding: encoding, isExact: keyframe != nil,
      checkFilm: { [guardian] in try guardian.check() })
    var options = options
    options.background = encodingOptions.background
    let stylization = Stylization(source: source, style: try style(), sink: writer, options: options)
    let segments = film.plan.segments
    let (kept, total) = (frameCount - wanted.reduce(0) { $0 + segments[$1].frames }, frameCount)
    let statistics = try stylization.run(
      shouldStop: shouldStop, observe: observe, progress: { _ in progress(kept + writer.frameCount, total) })
    if statistics.wasStopped {
      throw PartError.interrupted(path: parts.folder, frames: kept + writer.keptFrameCount, total: total)
    }
    // The same run can go on once the file can be read.
    if let failure = source.failure { throw failure }
    try writer.complete()
    var warnings = source.warnings + stylization.maskWarnings
    if stylization.hasCompositedFrames { warnings.append(VideoWriter.alphaWarning(parts.folder)) }
    if encodingOptions.keepsFields, !writer.keepsFields, stylization.hasDeinterlaced {
      warnings.append(VideoStylization.fieldWarning(parts.folder, description))
    }
    return result(statistics, warnings: warnings)
  }

  /// Returns where to begin decoding; nil for the first frame, if something remembers all frames before: the denoiser,
  /// or the places of a codec that counts frames.
  private func usableKeyframe(
    before segment: Int?, _ source: any FrameSource, _ encoding: VideoEncoding
  ) -> Keyframe? {
    guard let segment, !options.denoises, !encoding.times.countsFromFirstFrame,
      // Changes of style and films as masks follow the time since the first frame.
      options.script == nil && options.mask == nil || source.beginning != nil
    else { return nil }
    return film.plan.segments[segment].keyframe
  }

  private func result(_ statistics: StylizationStatistics, warnings: [String]) -> VideoStylization.Result {
    let size = description.displaySize
    return VideoStylization.Result(
      statistics: statistics, width: size.width, height: size.height, warnings: warnings, failure: nil)
  }
}
