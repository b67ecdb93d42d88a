import Foundation
import Networks
import TestSupport
import Testing

/// Tests `stylize-video` on short videos, with a small network of random weights at a small work size.
@Suite(.enabled(if: MediaTools.areInstalled))
struct StylizeVideoTests {
  private let folder: TemporaryFolder
  private let program: BuiltProgram
  private let tools: MediaTools

  /// The minimum PSNR in dB between a video and its conversion to RGB and back, at CRF 4. Measured: 43 and more; a
  /// shift by half a pixel leaves 33.
  private let sameness = 40.0

  init() throws {
    folder = try TemporaryFolder()
    program = try BuiltProgram("stylize-video")
    tools = try MediaTools(folder: folder.path)
    try randomModel(seed: 1).save(path: folder.file("random.safetensors"))
  }

  /// Makes a video of 12 frames from the clip.
  private func makeVideo(_ name: String = "in.mp4", size: String = "96:54", _ options: String...) throws {
    try tools.ffmpeg(
      MediaTools.videoInput + ["-t", "0.48", "-vf", "scale=\(size)", "-bf", "2", "-c:a", "aac"] + options + [name])
  }

  private func run(_ arguments: [String], whileRunning: ((Int32) throws -> Void)? = nil) throws -> BuiltProgram.Result {
    try program.run(
      arguments + ["--style", "random"], environment: ["IMPASTO_MODELS": folder.path], folder: folder.path,
      whileRunning: whileRunning)
  }

  @discardableResult
  private func stylize(_ input: String, _ output: String, _ options: String...) throws -> BuiltProgram.Result {
    let result = try run([input, output, "--size", "32x20", "--quiet"] + options)
    try #require(result.exitCode == 0, "\(result.errors)")
    return result
  }

  // MARK: Preserved properties

  @Test func keepsFramesTimesAndAudio() throws {
    try makeVideo()
    let result = try stylize("in.mp4", "out.mp4", "--json")
    #expect(result.errors == "")
    let (before, after) = (try tools.probe("in.mp4"), try tools.probe("out.mp4"))
    #expect(after.counts == before.counts && before.counts.first == ["video", "12"])
    #expect(try tools.frameTimes(of: "out.mp4") == tools.frameTimes(of: "in.mp4"))
    #expect(try tools.packets("a", of: "out.mp4", data: true) == tools.packets("a", of: "in.mp4", data: true))
    #expect(after.video.map(\.pixFmt) == ["yuv420p"])
    #expect(try tools.similarity("in.mp4", "out.mp4") < 25, "the network's picture is not the source")
    #expect(try folder.names == ["in.mp4", "out.mp4", "random.safetensors"])

    let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
    #expect(report.frames == 12 && report.width == 96 && report.height == 54)
    #expect(report.style == "random" && report.network == "johnson, width × 0.125")
    // Seconds are rounded to thousandths, and such a small video takes about a dozen of them.
    #expect(report.fps > 0 && abs(report.fps * report.seconds - 12) < 0.5 + 0.001 * report.fps)
    #expect(report.frameMs.p50 > 0 && report.frameMs.p95 >= report.frameMs.p50 && report.peakMemoryMB > 1)
  }

  private struct Report: Decodable {
    struct Times: Decodable { var p50, p95: Double }

    var frames, width, height: Int
    var seconds, fps, peakMemoryMB: Double
    var frameMs: Times
    var style, network: String
  }

  @Test(arguments: ["out.mp4", "out.mkv"])
  func keepsAVariableRate(output: String) throws {
    try makeVideo("in.mkv", size: "96:54,select=not(eq(n\\,2)+eq(n\\,3)+eq(n\\,7))", "-vsync", "vfr")
    try stylize("in.mkv", output)
    let times = try tools.frameTimes(of: output)
    #expect(try times == tools.frameTimes(of: "in.mkv"))
    #expect(times.count >= 9 && Set(zip(times, times.dropFirst()).map { (100 * ($1 - $0)).rounded() }).count > 1)
  }

  /// A mask film of half the rate and length, black first and white later: frames before the change are the input's.
  @Test func aMaskFilmGoesAlong() throws {
    try makeVideo("in.mkv", size: "96:54", "-pix_fmt", "yuv420p", "-c:a", "libvorbis")
    try tools.ffmpeg([
      "-f", "lavfi", "-i", "color=black:s=48x27:r=12.5:d=0.16", "-f", "lavfi", "-i",
      "color=white:s=48x27:r=12.5:d=0.16",
      "-filter_complex", "[0][1]concat", "-c:v", "ffv1", "mask.mkv",
    ])
    let result = try stylize("in.mkv", "out.mkv", "--mask", "mask.mkv", "--codec", "ffv1", "--json")
    #expect(result.errors.contains("mask.mkv: the mask ends after 0.320 s"), "\(result.errors)")
    #expect(result.output.contains("\"mask\":{") && result.output.contains("\"file\":\"mask.mkv\""))
    try stylize("in.mkv", "same.mkv", "--strength", "0", "--codec", "ffv1")
    try stylize("in.mkv", "whole.mkv", "--codec", "ffv1")
    func hashes(_ name: String) throws -> [String] {
      try tools.ffmpeg(["-i", name, "-map", "0:v", "-f", "framemd5", "\(name).md5"])
      return String(decoding: try folder.bytes(of: "\(name).md5"), as: UTF8.self).split(separator: "\n")
        .filter { !$0.hasPrefix("#") }.map { $0.split(separator: ",").last.map(String.init) ?? "" }
    }
    let (found, same, whole) = (try hashes("out.mkv"), try hashes("same.mkv"), try hashes("whole.mkv"))
    #expect(found.count == 12)
    // Four frames of the film for the first 0.16 s.
    #expect(Array(found[..<4]) == Array(same[..<4]) && Array(found[4...]) == Array(whole[4...]))
  }

  /// A render goes on only with the same mask.
  @Test func aResumedRenderHasTheSameMask() throws {
    // Long enough to be interrupted. The settings are written last of what comes before the first frame.
    try tools.ffmpeg(MediaTools.videoInput + ["-t", "5", "-vf", "scale=640:360", "-an", "in.mp4"])
    try tools.ffmpeg(["-f", "lavfi", "-i", "color=gray:s=96x54", "-frames:v", "1", "mask.png"])
    let arguments = ["in.mp4", "out.mp4", "--quiet", "--resume", "--mask", "mask.png"]
    let first = try run(arguments) { process in
      let end = Date(timeIntervalSinceNow: 30)
      let settings = folder.file("out.mp4.resume/film.json")
      while !FileManager.default.fileExists(atPath: settings), Date() < end { usleep(1_000) }
      kill(process, SIGKILL)
    }
    #expect(first.exitCode != 0)
    try tools.ffmpeg(["-f", "lavfi", "-i", "color=white:s=96x54", "-frames:v", "1", "mask.png"])
    let second = try run(arguments)
    #expect(second.exitCode == 1 && second.errors.contains("have another mask"), "\(second.errors)")
    let pattern = try run(["in.mp4", "out2.mp4", "--resume", "--mask", "mask-%d.png"])
    #expect(pattern.exitCode == 1 && pattern.errors.contains("the mask has to be a file"), "\(pattern.errors)")
  }

  @Test func aPresetChangesTheSize() throws {
    try makeVideo("in.mp4", size: "96:54")
    var sizes: [Int] = []
    for preset in ["ultrafast", "superfast", "medium"] {
      try stylize("in.mp4", "out.mp4", "--encoder-preset", preset)
      sizes.append(try folder.bytes(of: "out.mp4").count)
    }
    try stylize("in.mp4", "out.mp4")
    #expect(try folder.bytes(of: "out.mp4").count == sizes[1] && Set(sizes).count == 3)
  }

  /// At strength 0, the output equals the input, and no pixel has moved.
  @Test(arguments: ["97:55", "98:54", "96:55", "66:50"], ["out.mp4", "out.webm"])
  func keepsSizesAndPositions(size: String, output: String) throws {
    try makeVideo("in.mkv", size: size, "-pix_fmt", "yuv444p", "-c:a", "libvorbis")
    try stylize("in.mkv", output, "--strength", "0", "--crf", "4")
    let video = try #require(try tools.probe(output).video.first)
    #expect("\(try #require(video.width)):\(try #require(video.height))" == size)
    #expect(try tools.similarity("in.mkv", output) > sameness)
  }

  @Test func keepsTenBitColours() throws {
    let tags = [
      "-color_range", "tv", "-colorspace", "bt2020nc", "-color_primaries", "bt2020", "-color_trc", "smpte2084",
    ]
    try tools.ffmpeg(
      MediaTools.videoInput + ["-t", "0.2", "-vf", "scale=96:54", "-an", "-pix_fmt", "yuv420p10le"] + tags + ["in.mp4"])
    try stylize("in.mp4", "out.mp4", "--strength", "0", "--crf", "4")
    let (before, after) = (try tools.probe("in.mp4").video, try tools.probe("out.mp4").video)
    #expect(after.map(\.colors) == before.map(\.colors) && before.first?.colorSpace == "bt2020nc")
    #expect(try tools.similarity("in.mp4", "out.mp4") > sameness)
  }

  @Test func keepsFullRangeAndAspect() throws {
    try tools.ffmpeg(
      MediaTools.videoInput + [
        "-t", "0.2", "-vf", "scale=96:54:out_range=full,setsar=4/3", "-an", "-pix_fmt", "yuvj420p",
      ]
        + ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "in.mp4"])
    try stylize("in.mp4", "out.mp4", "--strength", "0", "--crf", "4")
    let (before, after) = (try tools.probe("in.mp4").video, try tools.probe("out.mp4").video)
    #expect(after.map(\.colors) == before.map(\.colors) && before.first?.colorRange == "pc")
    #expect(after.first?.sampleAspectRatio == "4:3")
    #expect(try tools.similarity("in.mp4", "out.mp4") > sameness)
  }

  /// The rotation is kept if the container supports it. Otherwise, the frames are rotated.
  @Test(arguments: ["90", "180", "270"])
  func keepsRotation(degrees: String) throws {
    try makeVideo("flat.mp4")
    try tools.ffmpeg(["-i", "flat.mp4", "-c", "copy", "-metadata:s:v", "rotate=\(degrees)", "in.mp4"])
    let before = try #require(try tools.probe("in.mp4").video.first)
    let result = try stylize("in.mp4", "out.mp4", "--strength", "0", "--crf", "4", "--json")
    let carried = try #require(try tools.probe("out.mp4").video.first)
    #expect(carried.rotation == before.rotation && before.rotation != nil)
    #expect(carried.width == 96 && carried.height == 54)
    #expect(try tools.similarity("in.mp4", "out.mp4") > sameness)
    let isQuarter = degrees != "180"
    #expect(result.output.contains("\"width\":\(isQuarter ? 54 : 96)"))

    try stylize("in.mp4", "out.mkv", "--strength", "0", "--crf", "4")
    let turned = try #require(try tools.probe("out.mkv").video.first)
    #expect(turned.rotation == nil && turned.width == (isQuarter ? 54 : 96) && turned.height == (isQuarter ? 96 : 54))
    #expect(try tools.similarity("in.mp4", "out.mkv") > sameness)
  }

  @Test func keepsSubtitlesAttachmentsChaptersAndTags() throws {
    try makeVideo("film.mp4")
    let subtitles = "1\n00:00:00,100 --> 00:00:00,200\nYes\n\n2\n00:00:00,250 --> 00:00:00,400\nNo\n"
    try folder.write(Array(subtitles.utf8), to: "s.srt")
    let chapters = ";FFMETADATA1\ntitle=Film\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=200\ntitle=One\n"
    try folder.write(Array(chapters.utf8), to: "c.txt")
    try folder.write([1, 2, 3, 4], to: "f.ttf")
    try tools.ffmpeg([
      "-i", "film.mp4", "-i", "s.srt", "-i", "c.txt", "-map", "0", "-map", "1", "-map_metadata", "2", "-c", "copy",
      "-c:s", "srt", "-metadata:s:a", "language=deu", "-metadata:s:a", "title=Ton", "-disposition:s", "forced",
      "-attach", "f.ttf", "-metadata:s:t", "mimetype=application/x-truetype-font", "in.mkv",
    ])
    let kept = try stylize("in.mkv", "out.mkv")
    #expect(kept.errors == "")
    let (before, after) = (try tools.probe("in.mkv"), try tools.probe("out.mkv"))
    #expect(after.counts == before.counts && before.streams.count == 4)
    #expect(after.streams.map(\.codecName) == before.streams.map(\.codecName))
    #expect(after.streams[1].tags?["language"] == "deu" && after.streams[1].tags?["title"] == "Ton")
    #expect(after.streams[2].disposition?["forced"] == 1)
    #expect(try tools.packets("s", of: "out.mkv", data: true) == tools.packets("s", of: "in.mkv", data: true))
    #expect(after.chapters.map(\.startTime) == before.chapters.map(\.startTime))
    #expect(after.chapters.compactMap { $0.tags?["title"] } == ["One"])
    #expect(after.format.tags?["title"] == "Film")

    // Streams that the other container does not support are named.
    let left = try stylize("in.mkv", "out.mp4")
    #expect(left.errors.contains("subrip") && left.errors.contains("ttf") && !left.errors.contains("aac"))
    // MP4 stores chapters as a stream of titles.
    #expect(try tools.probe("out.mp4").counts.prefix(2) == before.counts.prefix(2))
  }

  @Test(arguments: ["in.ts:out.ts", "in.ts:out.mp4", "in.webm:out.webm", "in.avi:out.avi", "in.gif:out.gif"])
  func supportsOtherContainers(names: String) throws {
    let names = names.split(separator: ":").map(String.init)
    try makeVideo("film.mp4")
    let options =
      ["in.ts": ["-c", "copy"], "in.avi": ["-c:v", "mpeg4", "-bf", "0", "-c:a", "mp3"], "in.gif": []][names[0]]
      ?? ["-c:v", "libvpx", "-c:a", "libvorbis"]
    try tools.ffmpeg(["-i", "film.mp4"] + options + [names[0]])
    let result = try stylize(names[0], names[1])
    #expect(result.errors == "")
    let (before, after) = (try tools.probe(names[0]), try tools.probe(names[1]))
    #expect(after.counts == before.counts)
    #expect(try tools.frameTimes(of: names[1]) == tools.frameTimes(of: names[0]))
  }

  @Test func preservesColors() throws {
    try makeVideo()
    try stylize("in.mp4", "plain.mp4")
    try stylize("in.mp4", "coloured.mp4", "--preserve-colors")
    let plain = try tools.similarity("in.mp4", "plain.mp4")
    #expect(try tools.similarity("in.mp4", "coloured.mp4") > plain)
  }

  /// For a still image with camera noise, 0.38 of the noise remains, a gain of 8 dB.
  @Test func denoisesStillRegions() throws {
    try tools.ffmpeg(
      MediaTools.videoInput + [
        "-an", "-vf", "scale=64:48,trim=end_frame=1,loop=30:1,setpts=N/25/TB,noise=alls=3:allf=t", "-crf", "4",
        "in.mp4",
      ])
    for (name, options) in [("plain.mp4", []), ("denoised.mp4", ["--denoise"]), ("as_it_is.mp4", ["--no-denoise"])] {
      let result = try run(["in.mp4", name, "--crf", "4", "--quiet"] + options)
      try #require(result.exitCode == 0, "\(result.errors)")
    }
    #expect(
      try tools.packets("v", of: "plain.mp4", data: true) == tools.packets("v", of: "as_it_is.mp4", data: true),
      "denoising is off for files")
    let (plain, denoised) = (
      try tools.frameToFrameSimilarity(of: "plain.mp4"), try tools.frameToFrameSimilarity(of: "denoised.mp4")
    )
    #expect(denoised > plain + 4, "\(plain) and \(denoised) dB")
  }

  @Test func parallelFramesAreTheSame() throws {
    try makeVideo()
    for count in ["1", "3", "auto"] { try stylize("in.mp4", "\(count).mp4", "--parallel-frames", count) }
    let expected = try tools.packets("v", of: "1.mp4", data: true)
    #expect(expected.count == 12)
    for count in ["3", "auto"] { #expect(try tools.packets("v", of: "\(count).mp4", data: true) == expected) }
  }

  // MARK: Style changes

  /// Before frame 6, at 0.24 s, the output equals that of the first style byte by byte. From then on, it equals that of
  /// the other style. Motion JPEG frames do not depend on each other.
  @Test(arguments: ["1", "3"])
  func stylesChangeAtTheirTimes(parallel: String) throws {
    try randomModel(seed: 2).save(path: folder.file("other.safetensors"))
    try folder.write(Array("# the middle\n0 fade 0\n\n240ms style other\n".utf8), to: "script.txt")
    try makeVideo()
    func packets(_ name: String, _ options: String...) throws -> [String] {
      let result = try program.run(
        ["in.mp4", name, "--size", "32x20", "--quiet", "--json", "--codec", "mjpeg", "--parallel-frames", parallel]
          + options, environment: ["IMPASTO_MODELS": folder.path], folder: folder.path)
      try #require(result.exitCode == 0, "\(result.errors)")
      if !options.contains("--style") {
        #expect(result.output.contains(#""styles":{"other":1}"#), "\(result.output)")
      }
      return try tools.packets("v", of: name, data: true)
    }
    let first = try packets("first.mkv", "--style", "random")
    let other = try packets("other.mkv", "--style", "other")
    #expect(first.count == 12 && zip(first, other).allSatisfy { $0 != $1 })
    let expected = Array(first[..<6]) + Array(other[6...])
    let options = ["--style=random", "--stats", "stats.json"]
    let changed = try packets("changed.mkv", options[0], "--style-at", "240ms=other", "--fade", "0")
    #expect(changed == expected)
    #expect(try packets("scripted.mkv", options[0], options[1], options[2], "--style-script", "script.txt") == expected)

    // A short run writes at least the final statistics.
    struct Line: Decodable { var framesIn, framesWritten, framesDropped, workWidth: Int }
    let lines = try String(decoding: folder.bytes(of: "stats.json"), as: UTF8.self).split(separator: "\n")
    let last = try JSONDecoder().decode(Line.self, from: Data(try #require(lines.last).utf8))
    #expect(last.framesIn == 12 && last.framesWritten == 12 && last.framesDropped == 0 && last.workWidth == 32)
  }

  @Test func invalidStyleChanges() throws {
    try makeVideo()
    try folder.write(Array("1s style random\n2s hello\n".utf8), to: "script.txt")
    try folder.write(Array("1s strokes large\n".utf8), to: "strokes.txt")
    for change in ["wave", "10s=", "-1s=random", "10x=random"] {
      try expectFailure(["in.mp4", "out.mp4", "--style-at=\(change)"], names: "--style-at", exitCode: 2)
    }
    try expectFailure(["in.mp4", "out.mp4", "--style-at", "1s=unknown"], names: "unknown")
    try expectFailure(["in.mp4", "out.mp4", "--style-script", "script.txt"], names: "script.txt, line 2")
    try expectFailure(["in.mp4", "out.mp4", "--style-script", "strokes.txt"], names: "'random' has no canvas")
    try expectFailure(["in.mp4", "out.mp4", "--style-script", "missing.txt"], names: "missing.txt")
  }

  // MARK: Early ends

  /// Makes a video that takes a while and renders it. Calls `interrupt` when the first frames are written.
  private func runLong(_ options: [String] = [], interrupt: @escaping (Int32) -> Void) throws -> BuiltProgram.Result {
    try tools.ffmpeg(MediaTools.videoInput + ["-t", "4", "-vf", "scale=640:360", "-c:a", "aac", "in.mp4"])
    return try run(["in.mp4", "out.mp4", "--crf", "0", "--quiet"] + options) { process in
      // Wait for the first buffer of 256 KB in the file, which is one frame or a few at this quality.
      for _ in 0..<6000 {
        let parts = try folder.names.filter { $0.hasSuffix(".part") }
        if let part = parts.first, try folder.bytes(of: part).count > 1000 { break }
        usleep(10_000)
      }
      interrupt(process)
    }
  }

  @Test func aSecondSignalLeavesNothing() throws {
    let result = try runLong { process in
      kill(process, SIGINT)
      // Two signals that arrive at once are one.
      usleep(5000)
      kill(process, SIGINT)
    }
    #expect(result.exitCode == 130)
    // The program may have completed the film between the two signals.
    #expect(
      [["in.mp4", "random.safetensors"], ["in.mp4", "out.mp4", "random.safetensors"]].contains(try folder.names))
  }

  @Test func whatAKilledRunLeavesIsRemovedByTheNext() throws {
    #expect(try runLong { kill($0, SIGKILL) }.exitCode == 137)
    #expect(try folder.names.filter { $0.hasSuffix(".part") }.count == 1)
    try makeVideo("other.mp4")
    try stylize("other.mp4", "another.mp4")
    #expect(try folder.names == ["another.mp4", "in.mp4", "other.mp4", "random.safetensors"])
  }

  @Test func aKilledRenderGoesOn() throws {
    try tools.ffmpeg(
      ["-f", "lavfi", "-i", "testsrc2=size=96x54:rate=25"]
        + ["-t", "20", "-pix_fmt", "yuv420p", "in.mp4"])
    let arguments = ["in.mp4", "--size", "32x20", "--quiet", "--resume"]
    let whole = try run(arguments + ["whole.mp4"])
    try #require(whole.exitCode == 0, "\(whole.errors)")
    let killed = try run(arguments + ["out.mp4"]) { process in
      for _ in 0..<6000 where (try? folder.bytes(of: "out.mp4.resume/000001.json")) == nil { usleep(1000) }
      kill(process, SIGKILL)
    }
    if killed.exitCode == 137 {
      let refused = try run(arguments + ["out.mp4", "--crf", "30"])
      #expect(refused.exitCode == 1 && refused.errors.contains("out.mp4.resume: the parts there have another command"))
      #expect(try run(arguments + ["out.mp4"]).exitCode == 0)
    }
    #expect(try folder.bytes(of: "out.mp4") == folder.bytes(of: "whole.mp4"))
    #expect(try folder.names == ["in.mp4", "out.mp4", "random.safetensors", "whole.mp4"])
    try expectFailure(["-", "out.mp4", "--resume"], names: "painting in parts is not possible")
    try expectFailure(["in.mp4", "-", "--resume"], names: "painting in parts is not possible")
    try expectFailure(["in.mp4", "none.avi", "--resume"], names: "the container avi has a constant frame rate")
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func aSignalLeavesAPlayableFile(signal: Int32) throws {
    let result = try runLong { kill($0, signal) }
    #expect(result.exitCode == 128 + signal)
    let name = [SIGINT: "SIGINT", SIGTERM: "SIGTERM", SIGHUP: "SIGHUP"][signal] ?? ""
    #expect(result.errors.contains("stopped by \(name)") && result.errors.split(separator: "\n").count == 1)
    let times = try tools.frameTimes(of: "out.mp4")
    #expect(result.errors.contains("the first \(times.count) frame"))
    #expect(times.count > 0 && times.count < 100)
    #expect(try times == Array(tools.frameTimes(of: "in.mp4").prefix(times.count)))
    #expect(try folder.names == ["in.mp4", "out.mp4", "random.safetensors"])
  }

  @Test func aTruncatedVideoIsReadToItsEnd() throws {
    try makeVideo("in.mp4", size: "96:54", "-movflags", "faststart", "-crf", "4")
    let bytes = try folder.bytes(of: "in.mp4")
    try folder.write(Array(bytes.prefix(bytes.count / 2)), to: "cut.mp4")
    let result = try stylize("cut.mp4", "out.mp4")
    #expect(result.errors.contains("warning: cut.mp4: the file is truncated"))
    #expect((1..<12).contains(try tools.frameTimes(of: "out.mp4").count))

    try folder.write(Array(bytes.prefix(40)), to: "stub.mp4")
    try expectFailure(["stub.mp4", "none.mp4"], names: "stub.mp4")
  }

  // MARK: Errors

  /// Expects one sentence that contains `names`, the exit code, and no new files.
  private func expectFailure(_ arguments: [String], names: String, exitCode: Int32 = 1) throws {
    let before = try folder.names
    let result = try run(arguments + ["--size", "32x20", "--quiet"])
    #expect(result.exitCode == exitCode, "\(arguments): \(result.errors)")
    #expect(result.errors.hasPrefix("stylize-video: ") && result.errors.contains(names), "\(result.errors)")
    if exitCode == 1 { #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)") }
    #expect(result.output == "")
    #expect(try folder.names == before)
  }

  @Test func invalidInputs() throws {
    try makeVideo("film.mp4")
    try tools.ffmpeg(["-i", "film.mp4", "-vn", "-c", "copy", "sound.mp4"])
    try folder.write([], to: "empty.mp4")
    try folder.write(Array(String(repeating: "This is not a video.\n", count: 200).utf8), to: "text.mp4")
    try FileManager.default.createDirectory(atPath: folder.file("folder"), withIntermediateDirectories: false)
    for input in ["missing.mp4", "folder", "empty.mp4", "text.mp4", "sound.mp4", "/dev/zero"] {
      try expectFailure([input, "out.mp4"], names: input)
    }
  }

  @Test func unwritableOutputs() throws {
    try makeVideo()
    try FileManager.default.createSymbolicLink(atPath: folder.file("link.mp4"), withDestinationPath: "in.mp4")
    try FileManager.default.linkItem(atPath: folder.file("in.mp4"), toPath: folder.file("hard.mp4"))
    try FileManager.default.createDirectory(atPath: folder.file("folder"), withIntermediateDirectories: false)
    let outputs = [
      "in.mp4", "link.mp4", "hard.mp4", "./in.mp4", "folder", "missing/out.mp4", "in.mp4/out.mp4", "out.unknown", "o",
      "out.png", "out.mp3", "/dev/full", "/dev/null",
    ]
    let bytes = try folder.bytes(of: "in.mp4")
    for output in outputs { try expectFailure(["in.mp4", output], names: output) }
    #expect(try folder.bytes(of: "in.mp4") == bytes)
  }

  @Test func invalidOptions() throws {
    try makeVideo()
    let wrong = [
      ["--strength", "1.5"], ["--strength", "nan"], ["--crf", "-1"], ["--crf", "64"], ["--size", "0x10"],
      ["--size", "32"], ["--threads", "0"], ["--parallel-frames", "0"], ["--codec", "no-such-codec"],
      ["--no-such-option"],
    ]
    for options in wrong { try expectFailure(["in.mp4", "out.mp4"] + options, names: options[0], exitCode: 2) }
    try expectFailure(["in.mp4"], names: "output", exitCode: 2)
    try expectFailure(["in.mp4", "out.webm", "--codec", "libx264"], names: "out.webm")
    try expectFailure(["in.mp4", "out.mov", "--codec", "png", "--crf", "20"], names: "png")
    try expectFailure(["in.mp4", "out.mov", "--codec", "png", "--encoder-preset", "fast"], names: "has no presets")
  }

  @Test func invalidStyles() throws {
    try makeVideo()
    try folder.write(Array("no model".utf8), to: "text.safetensors")
    for style in ["text.safetensors", "missing.safetensors", "unknown"] {
      let result = try program.run(
        ["in.mp4", "out.mp4", "--style", style], environment: ["IMPASTO_MODELS": folder.path], folder: folder.path)
      #expect(result.exitCode == 1 && result.errors.contains(style))
      #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    }
    #expect(try !folder.names.contains("out.mp4"))
  }

  /// A file size limit simulates a full disk: the same call fails.
  @Test func aFullDiskLeavesNothing() throws {
    try makeVideo()
    try folder.write([7], to: "out.mp4")
    let before = try folder.names
    let command = "ulimit -f 8; trap '' XFSZ; exec \"$0\" \"$@\""
    let result = try BuiltProgram(path: "/bin/sh").run(
      ["-c", command, program.path, "in.mp4", "out.mp4", "--style", "random", "--crf", "0", "--quiet"],
      environment: ["IMPASTO_MODELS": folder.path], folder: folder.path)
    #expect(result.exitCode == 1 && result.errors.hasPrefix("stylize-video: cannot write out.mp4"), "\(result.errors)")
    #expect(result.errors.split(separator: "\n").count == 1)
    #expect(try folder.names == before && folder.bytes(of: "out.mp4") == [7])
  }
}
