import Foundation
import Networks
import TestSupport
import Testing

/// Tests the times, the fields and the rotation of films that `stylize-video` reads and writes.
@Suite(.enabled(if: MediaTools.areInstalled))
struct FilmTimesTests {
  private let folder: TemporaryFolder
  private let program: BuiltProgram
  private let tools: MediaTools

  /// In seconds: times are rounded to the time bases of the containers, at worst to milliseconds on both sides.
  private let rounding = 0.0021

  init() throws {
    folder = try TemporaryFolder()
    program = try BuiltProgram("stylize-video")
    tools = try MediaTools(folder: folder.path)
    try randomModel(seed: 1).save(path: folder.file("random.safetensors"))
  }

  /// Makes a film of a moving test pattern.
  private func makeFilm(_ name: String, rate: Int = 25, frames: Int = 12, filter: String = "null", _ options: String...)
    throws
  {
    try tools.ffmpeg(
      ["-f", "lavfi", "-i", "testsrc2=size=96x64:rate=\(rate)", "-f", "lavfi", "-i", "sine", "-vf", filter]
        + ["-pix_fmt", "yuv420p", "-frames:v", "\(frames)", "-t", "\(Double(frames) / Double(rate))"] + options + [name]
    )
  }

  @discardableResult
  private func stylize(_ input: String, _ output: String, _ options: String...) throws -> BuiltProgram.Result {
    let result = try program.run(
      [input, output, "--size", "32x20", "--quiet", "--style", "random"] + options,
      environment: ["IMPASTO_MODELS": folder.path], folder: folder.path)
    try #require(result.exitCode == 0, "\(result.errors)")
    return result
  }

  /// Returns the times since the first frame.
  private func times(of file: String) throws -> [Double] {
    let all = try tools.frameTimes(of: file)
    return all.map { $0 - (all.first ?? 0) }
  }

  private func expectEqual(_ found: [Double], _ expected: [Double], within tolerance: Double) {
    #expect(found.count == expected.count)
    for (one, other) in zip(found, expected) { #expect(abs(one - other) <= tolerance) }
  }

  // MARK: Frame rates

  @Test(arguments: ["out.avi", "out.y4m", "out.ogv", "out.swf", "out.mxf"])
  func containersWithARateGetTheRateOfTheFilm(output: String) throws {
    try makeFilm("in.mp4", "-an", "-video_track_timescale", "12800")
    try stylize("in.mp4", output)
    // The reader of SWF gives no times.
    if output != "out.swf" { expectEqual(try times(of: output), try times(of: "in.mp4"), within: rounding) }
    #expect(try tools.probe(output).video.first?.nbReadPackets == "12")
  }

  /// MPEG-2 has no rate of 15 frames per second, but one of 30.
  @Test(arguments: ["out.mkv", "out.mpg"])
  func codecsWithCertainRatesKeepTheTimes(output: String) throws {
    try makeFilm("in.mp4", rate: 15, "-an")
    let result = try stylize("in.mp4", output, "--codec", "mpeg2video")
    expectEqual(try times(of: output), try times(of: "in.mp4"), within: rounding)
    #expect(result.errors == "")
  }

  @Test func gapsAreFilledWhereAContainerHasOnlyARate() throws {
    try makeFilm("in.mkv", filter: "select=not(between(n\\,3\\,6))", "-an", "-vsync", "vfr", "-frames:v", "8")
    let filled = try stylize("in.mkv", "out.y4m")
    #expect(try tools.probe("out.y4m").video.first?.nbReadPackets == "12")
    #expect(filled.errors.contains("repeated 4 and dropped 0 frames"))
    let empty = try stylize("in.mkv", "out.avi")
    expectEqual(try times(of: "out.avi"), try times(of: "in.mkv"), within: rounding)
    #expect(empty.errors == "")
  }

  // MARK: Clocks

  @Test(arguments: [0.0, 3600])
  func joinedRecordingsGoOn(start: Double) throws {
    try makeFilm("a.ts", "-bf", "2", "-c:a", "aac")
    try makeFilm("b.ts", "-bf", "2", "-c:a", "aac", "-output_ts_offset", "\(start)")
    try folder.write(try folder.bytes(of: "a.ts") + folder.bytes(of: "b.ts"), to: "in.ts")
    try stylize("in.ts", "out.mp4")
    expectEqual(try times(of: "out.mp4"), (0..<24).map { Double($0) / 25 }, within: rounding)
    // The sound twice, without one packet on top of another; the two at the joint may overlap.
    let sound = try tools.packets("a", of: "out.mp4", data: false).compactMap(Double.init).sorted()
    let steps = zip(sound, sound.dropFirst()).map { $1 - $0 }
    #expect(
      sound.count == 2 * (try tools.packets("a", of: "a.ts", data: false).count)
        && steps.filter { $0 < 0.01 }.count <= 2)
    #expect(try #require(sound.last) < 1.1 + tools.frameTimes(of: "out.mp4")[0])
  }

  @Test func aStepMayBeKept() throws {
    try makeFilm("a.ts", "-an")
    try makeFilm("b.ts", "-an", "-output_ts_offset", "20")
    try folder.write(try folder.bytes(of: "a.ts") + folder.bytes(of: "b.ts"), to: "in.ts")
    try stylize("in.ts", "out.mp4", "--dts-delta-threshold", "30")
    #expect(try #require(try times(of: "out.mp4").last) > 20)
  }

  @Test func aClockThatStartsLateStartsAtZero() throws {
    try makeFilm("in.ts", "-c:a", "aac", "-output_ts_offset", "50000")
    try stylize("in.ts", "out.mp4")
    #expect(try #require(try tools.duration(of: "out.mp4")) < 1)
    expectEqual(try times(of: "out.mp4"), try times(of: "in.ts"), within: rounding)
  }

  // MARK: Durations

  @Test func theLastFrameKeepsItsDuration() throws {
    try makeFilm("in.gif", rate: 10, frames: 3, "-an", "-final_delay", "200")
    for output in ["out.gif", "out.mp4", "out.mkv"] {
      try stylize("in.gif", output)
      #expect(abs(try #require(try tools.duration(of: output)) - 2.2) <= rounding, "\(output)")
    }
    try tools.ffmpeg([
      "-f", "lavfi", "-i", "testsrc2=size=96x64:rate=1/10", "-frames:v", "1", "-pix_fmt", "yuv420p", "one.mp4",
    ])
    try stylize("one.mp4", "two.mp4")
    #expect(try tools.duration(of: "two.mp4") == 10)
  }

  // MARK: Rotation

  @Test(arguments: ["out.mp4", "out.mov", "out.mkv"])
  func aRotationInTheStreamIsMadeUpright(output: String) throws {
    try makeFilm("in.ts", "-an", "-c:v", "libx264", "-bsf:v", "h264_metadata=display_orientation=insert:rotate=90")
    try stylize("in.ts", output)
    let video = try #require(try tools.probe(output).video.first)
    #expect(video.width == 64 && video.height == 96 && video.rotation == nil)
  }

  // MARK: Fields

  @Test(arguments: ["tff", "bff"])
  func interlacedFilmIsMadeProgressiveOrKeepsItsFields(order: String) throws {
    try makeFilm(
      "in.mp4", rate: 50, frames: 24, filter: "gblur=sigma=3,interlace=scan=\(order):lowpass=off", "-an", "-flags",
      "+ildct+ilme",
      "-frames:v", "12")
    let expected = try times(of: "in.mp4")
    #expect(try tools.fieldOrders(of: "in.mp4") == Array(repeating: order, count: 12))
    try stylize("in.mp4", "out.mp4")
    #expect(try tools.fieldOrders(of: "out.mp4") == Array(repeating: "progressive", count: 12))
    expectEqual(try times(of: "out.mp4"), expected, within: rounding)
    try stylize("in.mp4", "fields.mkv", "--keep-fields", "--strength", "0", "--crf", "4")
    #expect(try tools.fieldOrders(of: "fields.mkv") == Array(repeating: order, count: 12))
    expectEqual(try times(of: "fields.mkv"), expected, within: rounding)
    // Measured: 48 dB; fields in the wrong order leave 33.
    #expect(try tools.similarity("in.mp4", "fields.mkv") > 42)
  }

  @Test func fieldsNeedAnEncoderForThem() throws {
    try makeFilm("in.mp4", rate: 50, frames: 8, filter: "interlace=lowpass=off", "-an", "-flags", "+ildct+ilme")
    let result = try program.run(
      ["in.mp4", "out.webm", "--keep-fields", "--quiet", "--style", "random"],
      environment: ["IMPASTO_MODELS": folder.path], folder: folder.path)
    #expect(result.exitCode == 1 && result.errors.contains("--codec libx264"))
    #expect(try folder.names == ["in.mp4", "random.safetensors"])
  }

  /// A film that is progressive first and interlaced later keeps its frames and says that it does not keep the fields.
  @Test func mixedFilmKeepsItsFrames() throws {
    try makeFilm("a.ts", "-an", "-c:v", "mpeg2video", "-q:v", "3")
    try makeFilm(
      "b.ts", rate: 50, frames: 24, filter: "interlace=lowpass=off", "-an", "-c:v", "mpeg2video", "-q:v", "3", "-flags",
      "+ildct+ilme", "-top", "1", "-frames:v", "12", "-output_ts_offset", "0.48")
    try folder.write(try folder.bytes(of: "a.ts") + folder.bytes(of: "b.ts"), to: "in.ts")
    let orders = try tools.fieldOrders(of: "in.ts")
    #expect(orders == Array(repeating: "progressive", count: 12) + Array(repeating: "tff", count: 12))
    #expect(try stylize("in.ts", "out.mp4").errors == "")
    let kept = try stylize("in.ts", "kept.mp4", "--keep-fields")
    #expect(kept.errors.contains("not kept"))
    for output in ["out.mp4", "kept.mp4"] {
      #expect(try tools.fieldOrders(of: output) == Array(repeating: "progressive", count: 24))
      expectEqual(try times(of: output), try times(of: "in.ts"), within: rounding)
    }
  }
}
