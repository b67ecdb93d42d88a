import Foundation
import Networks
import TestSupport
import Testing

/// Tests `stylize-video --part`, `--mpi` and `--join`.
@Suite(.enabled(if: MediaTools.areInstalled))
struct FilmPartTests {
  private let folder: TemporaryFolder
  private let program: BuiltProgram
  private let tools: MediaTools

  init() throws {
    folder = try TemporaryFolder()
    program = try BuiltProgram("stylize-video")
    tools = try MediaTools(folder: folder.path)
    try randomModel(seed: 1).save(path: folder.file("random.safetensors"))
    // Pictures, sound, chapters and a title, 300 frames.
    try folder.write(
      Array(";FFMETADATA1\ntitle=A film\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=6\ntitle=One\n".utf8), to: "meta.txt")
    try tools.ffmpeg(
      ["-f", "lavfi", "-i", "testsrc2=size=96x54:rate=25", "-f", "lavfi", "-i", "sine", "-i", "meta.txt"]
        + ["-map_metadata", "2", "-t", "12", "-pix_fmt", "yuv420p", "-g", "50", "-c:a", "aac", "in.mkv"])
  }

  private func run(_ arguments: [String], environment: [String: String] = [:]) throws -> BuiltProgram.Result {
    let models = ["IMPASTO_MODELS": folder.path]
    return try program.run(
      arguments, environment: models.merging(environment) { $1 }, folder: folder.path, whileRunning: nil)
  }

  private let painting = ["--style", "random", "--size", "32x20", "--quiet", "--codec", "ffv1", "--threads", "2"]

  private func expectSuccess(_ arguments: [String], environment: [String: String] = [:]) throws {
    let result = try run(arguments, environment: environment)
    try #require(result.exitCode == 0 && result.errors == "", "\(result.errors)")
  }

  @Test func partsAreJoinedToTheSameFilm() throws {
    try expectSuccess(["in.mkv", "whole.mkv"] + painting)
    for part in ["2/3", "1/3"] { try expectSuccess(["--part", part, "in.mkv", "parts/"] + painting) }
    let early = try run(["--join", "parts/", "joined.mkv"])
    #expect(early.exitCode == 1 && early.errors.contains("frames 241 to 300 are missing"), "\(early.errors)")
    // The launcher tells the place of the process, from 0.
    try expectSuccess(
      ["--mpi", "in.mkv", "parts/"] + painting,
      environment: ["OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "3"])
    try expectSuccess(["--join", "parts/", "joined.mkv", "--quiet"])
    #expect(try tools.frameTimes(of: "joined.mkv") == tools.frameTimes(of: "whole.mkv"))
    #expect(
      try tools.packets("a", of: "joined.mkv", data: true) == tools.packets("a", of: "in.mkv", data: true))
    #expect(try frameHashes("joined.mkv") == frameHashes("whole.mkv"))
    #expect(try tools.probe("joined.mkv").counts == tools.probe("whole.mkv").counts)
  }

  /// The hashes of the decoded frames and samples.
  private func frameHashes(_ name: String) throws -> String {
    try tools.ffmpeg(["-i", name, "-map", "0", "-f", "framemd5", "\(name).md5"])
    return String(decoding: try folder.bytes(of: "\(name).md5"), as: UTF8.self)
  }

  @Test func wrongUseIsRefusedInOneSentence() throws {
    func expectFailure(_ arguments: [String], _ exitCode: Int32, names text: String) throws {
      let result = try run(arguments)
      #expect(result.exitCode == exitCode && result.errors.contains(text), "\(result.errors)")
    }
    try expectFailure(["--part", "4/3", "in.mkv", "parts"] + painting, 2, names: "such as 3/12")
    try expectFailure(["--part", "1/3", "--join", "in.mkv", "parts"], 2, names: "cannot be combined")
    try expectFailure(["--source", "in.mkv", "in.mkv", "parts"], 2, names: "--source needs --join")
    try expectFailure(["--mpi", "in.mkv", "parts"] + painting, 2, names: "--mpi needs a launcher")
    try expectFailure(["--join", "nowhere", "joined.mkv"], 1, names: "nowhere: cannot be used: no such file")
    try expectFailure(["--part", "1/3", "-", "parts"] + painting, 1, names: "the input has to be a file")
    try expectFailure(["--part", "1/3", "in.mkv", "parts/deep/er"] + painting, 1, names: "no such file or directory")
    #expect(try folder.names == ["in.mkv", "meta.txt", "random.safetensors"])
  }

  /// A limit of the file size has the same effect as a full disk.
  @Test func aFullDiskLosesOnlyItsSegment() throws {
    let command = ["ulimit -f 200; exec \"$0\" \"$@\"", program.path, "--part", "1/2", "in.mkv", "parts"] + painting
    let limited = try BuiltProgram(path: "/bin/bash").run(
      ["-c"] + command, environment: ["IMPASTO_MODELS": folder.path], folder: folder.path)
    #expect(limited.exitCode == 1 && limited.errors.contains("parts/000000.segment: cannot be written: file too large"))
    #expect(limited.errors.split(separator: "\n").count == 1, "\(limited.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("parts")) == ["film.json"])
    for part in ["1/2", "2/2"] { try expectSuccess(["--part", part, "in.mkv", "parts"] + painting) }
    try expectSuccess(["--join", "parts", "joined.mkv", "--quiet"])
  }

  @Test func chaptersAndTagsComeFromTheFilm() throws {
    try expectSuccess(["--part", "1/1", "in.mkv", "parts"] + painting)
    try expectSuccess(["--join", "parts", "joined.mkv", "--quiet"])
    try tools.ffmpeg(["-i", "joined.mkv", "-f", "ffmetadata", "found.txt"])
    let found = String(decoding: try folder.bytes(of: "found.txt"), as: UTF8.self)
    #expect(found.contains("title=A film") && found.contains("[CHAPTER]") && found.contains("title=One"), "\(found)")
  }
}
