import ArgumentParser
import Console
import FFmpeg
import Foundation
import Streaming

extension StylizeVideo {
  /// Options that change no painted frame, without and with a value.
  private static let otherOptions: (flags: Set<String>, valued: Set<String>) = (
    ["--resume", "--mpi", "--quiet", "--json", "--strict-copy"],
    [
      "--part", "--progress", "--stats", "--threads", "--parallel-frames", "--audio-codec", "--audio-bitrate",
      "--source",
    ]
  )

  /// Returns the film to paint in parts, with everything that determines its frames: the command, the threads, which
  /// the encoder shares its work among, and the content of the files.
  ///
  /// - Throws: `PartError` if the input is not a file; `FileError` if a file cannot be read.
  func filmParts(_ source: MediaSource, folder: String, files: [String]) throws -> FilmParts {
    var parts = try FilmParts(
      folder: folder, source: source,
      settings: [
        "command": Self.decisive(CommandLine.arguments.dropFirst(), besides: [input, output]),
        "version": "\(Program.version) with libav \(MediaLibrary.version) for \(Self.architecture)",
        "number of threads": "\(threadCount)",
      ])
    for (index, file) in files.enumerated() { try parts.add("file \(index + 1)", contentOf: file) }
    if let mask = masks.mask {
      guard try MediaSource(mask).kind == .file else {
        throw PartError.unsupported(file: mask, reason: "the mask has to be a file")
      }
      try parts.add("mask", contentOf: mask)
    }
    return parts
  }

  /// Processors of other kinds round otherwise.
  private static var architecture: String {
    #if arch(x86_64)
      return "x86-64"
    #elseif arch(arm64)
      return "arm64"
    #else
      return "another processor"
    #endif
  }

  /// Returns the arguments that determine the frames, as one text.
  static func decisive(_ arguments: ArraySlice<String>, besides names: [String]) -> String {
    var result: [String] = []
    var isValue = false
    for argument in arguments {
      let name = argument.split(separator: "=", maxSplits: 1).first.map(String.init) ?? ""
      defer { isValue = otherOptions.valued.contains(argument) }
      if isValue || names.contains(argument) || otherOptions.flags.contains(argument)
        || otherOptions.valued.contains(name)
      {
        continue
      }
      result.append(argument)
    }
    return result.isEmpty ? "no options" : result.joined(separator: " ")
  }

  /// Paints a part of the film, or the whole of it if it is to be resumed.
  func paint(
    _ part: FilmPart?, of parts: FilmParts, _ target: MediaTarget, _ cast: Cast, _ interrupt: InterruptFlag
  ) throws {
    let statisticsFile = try stats.map { try StatisticsFile($0) }
    let shouldStop: @Sendable () -> Bool = { interrupt.isRaised }
    let (isSDR, threads, source) = (pixels.sdr, threadCount, parts.source)
    let open: @Sendable () throws -> any FrameSource = {
      let frames = try FrameSources.open(source, threads: threads, interrupt: shouldStop)
      return isSDR ? try frames.convertedToStandardRange() : frames
    }
    var mixer: StyleMixer?
    let style: () throws -> StyleMixer = {
      let made = try self.style(cast, isLive: false)
      mixer = made
      return made
    }
    let display = partDisplay
    let title = part.map { "Stylizing part \($0)" } ?? "Stylizing"
    let observe: @Sendable (StylizationStatistics) -> Void = { statisticsFile?.write($0) }
    let progress: @Sendable (Int, Int) -> Void = { display.show($0, of: $1, title: title) }
    let result: VideoStylization.Result
    if let part {
      let job = try PartJob(
        parts, part, container: target, options: stylizationOptions(cast.script, isLive: false, isCamera: false),
        encoding: encodingOptions, interrupt: shouldStop, open: open)
      result = try job.run(style: style, shouldStop: shouldStop, observe: observe, progress: progress)
    } else {
      result = try parts.render(
        to: target, options: stylizationOptions(cast.script, isLive: false, isCamera: false),
        encoding: encodingOptions, open: open, style: style, shouldStop: shouldStop, observe: observe,
        progress: progress)
    }
    display.finish(result.statistics)
    try statisticsFile?.finish(result.statistics)
    warn(result.warnings)
    guard painting.json else { return }
    let settings = try (mixer ?? self.style(cast, isLive: false)).settings
    try JSONLine.print(VideoReport(result, models: cast.models, style: settings, mask: masks.report))
  }

  private var partDisplay: PartDisplay {
    let mode = progressOptions.mode
    return PartDisplay { title, total, completed in
      .every(ProgressReporter(title: title, total: total, completed: completed, mode: mode))
    }
  }

  /// Joins the parts in the folder that is the input.
  func joinParts() throws {
    let interrupt = InterruptFlag.install()
    var target = try formats.target(output)
    guard target.isSingleFile else {
      throw PartError.unsupported(file: target.displayName, reason: "the output has to be one file")
    }
    target.path = try OutputPath.resolve(output, inputs: partOptions.source.map { [$0] } ?? [])
    let display = partDisplay
    let start = ContinuousClock.now
    do {
      let joined = try FilmParts.join(
        folder: input, to: target, source: partOptions.source, tracks: sound.options,
        shouldStop: { interrupt.isRaised }, progress: { display.show($0, of: $1, title: "Joining") })
      display.finish(StylizationStatistics())
      warn(joined.warnings)
      if painting.json {
        let seconds = start.duration(to: .now) / .seconds(1)
        try JSONLine.print(
          JoinReport(frames: joined.frames, segments: joined.segments, seconds: seconds.rounded(to: 1000)))
      }
    } catch let error where interrupt.isRaised && !(error is ExitCode) {
      throw stopped(interrupt, error)
    }
  }
}

/// The report that `--json` prints after a join.
private struct JoinReport: Encodable {
  let frames: Int
  let segments: Int
  let seconds: Double
}
