import Foundation
import Networks
import TestSupport
import Testing

private let compiler = BuiltProgram.onPath("clang")

/// Tests what the programs do when the disk that holds a file fails while it is read.
///
/// A preloaded library makes reading fail from an offset on. The toolchain's Clang builds it.
@Suite(.enabled(if: MediaTools.areInstalled && compiler != nil))
struct ReadErrorTests {
  private let folder: TemporaryFolder
  private let tools: MediaTools

  init() throws {
    folder = try TemporaryFolder()
    tools = try MediaTools(folder: folder.path)
    try randomModel(seed: 1).save(path: folder.file("random.safetensors"))
    let compiled = try #require(compiler).run(
      ["-shared", "-fPIC", "-O1", source, "-ldl", "-o", folder.file("failing_read.so")],
      folder: folder.path)
    try #require(compiled.exitCode == 0, "\(compiled.errors)")
  }

  /// The source of the library.
  private var source: String {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return tests.appendingPathComponent("Faults/failing_read.c").path
  }

  /// Runs a program for which reading `file` fails beyond `offset` bytes.
  private func run(_ program: String, _ arguments: [String], failing file: String, beyond offset: Int) throws
    -> BuiltProgram.Result
  {
    try BuiltProgram(program).run(
      arguments,
      environment: [
        "LD_PRELOAD": folder.file("failing_read.so"), "FAILING_READ_FILE": folder.file(file),
        "FAILING_READ_OFFSET": "\(offset)", "IMPASTO_MODELS": folder.path,
      ], folder: folder.path)
  }

  private func size(of file: String) throws -> Int { try folder.bytes(of: file).count }

  @Test(arguments: ["in.mp4", "in.mkv", "in.ts", "in.avi"])
  func aFilmIsPaintedUpToTheErrorAndTheProgramFails(input: String) throws {
    // More than one buffer of libav, so that frames come before the error.
    try tools.ffmpeg(
      ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25", "-frames:v", "50", "-crf", "4", "-movflags", "faststart"]
        + [input])
    let result = try run(
      "stylize-video", [input, "out.mkv", "--size", "32x24", "--quiet", "--style", "random"], failing: input,
      beyond: size(of: input) / 2)
    #expect(result.exitCode == 1)
    #expect(result.errors.contains("warning: \(input): only the part before a read error was used"))
    #expect(result.errors.contains("cannot read \(input): Input/output error"))
    #expect((1..<50).contains(try tools.frameTimes(of: "out.mkv").count))
  }

  /// A render that can go on reads its input first, to know it again.
  @Test func aRenderThatCanGoOnDoesNotStart() throws {
    try tools.ffmpeg(["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25", "-frames:v", "50", "-crf", "4", "in.mkv"])
    let result = try run(
      "stylize-video", ["in.mkv", "out.mkv", "--size", "32x24", "--quiet", "--style", "random", "--resume"],
      failing: "in.mkv", beyond: size(of: "in.mkv") / 2)
    #expect(result.exitCode == 1)
    #expect(result.errors == "stylize-video: in.mkv: cannot be read: input/output error\n")
    #expect(try folder.names == ["failing_read.so", "in.mkv", "random.safetensors"])
  }

  @Test func aFilmWhoseBeginningCannotBeReadIsRefused() throws {
    try tools.ffmpeg(["-f", "lavfi", "-i", "testsrc2=size=96x64:rate=25", "-frames:v", "12", "in.mkv"])
    let result = try run(
      "stylize-video", ["in.mkv", "out.mkv", "--quiet", "--style", "random"], failing: "in.mkv", beyond: 0)
    #expect(result.exitCode == 1)
    #expect(result.errors == "stylize-video: cannot open in.mkv: Input/output error\n")
    #expect(!FileManager.default.fileExists(atPath: folder.file("out.mkv")))
  }

  @Test(arguments: ["in.png", "random.safetensors"])
  func aPictureOrModelThatCannotBeReadIsRefused(file: String) throws {
    try tools.ffmpeg(["-f", "lavfi", "-i", "testsrc2=size=320x240", "-frames:v", "1", "in.png"])
    let result = try run(
      "stylize-image", ["in.png", "out.png", "--quiet", "--style", "random"], failing: file, beyond: size(of: file) / 2)
    #expect(result.exitCode == 1)
    #expect(result.errors.contains(file) && result.errors.lowercased().contains("input/output error"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("out.png")))
  }
}
