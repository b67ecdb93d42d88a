import Foundation
import TestSupport
import Testing

/// Tests `stylize-video` with pipes, URLs and image sequences, using the `ffmpeg` program at the other end.
@Suite(.enabled(if: MediaTools.areInstalled), .serialized)
struct StreamTests {
  private let tools: StreamTools
  private var folder: TemporaryFolder { tools.folder }

  init() throws { tools = try StreamTools() }

  // MARK: Every frame, between all kinds of inputs and outputs

  @Test(arguments: ["nut", "mpegts", "matroska"])
  func pipesCarryAllStreams(format: String) throws {
    try tools.makeVideo()
    let result = try tools.script(
      """
      ffmpeg -v error -i in.mp4 -c copy -f \(format) - |
        $program - - $quick --output-format \(format) >out.\(format)
      """)
    #expect(result.exitCode == 0 && result.errors == "", "\(result.errors)")
    let (before, after) = (try tools.counts("in.mp4"), try tools.counts("out.\(format)"))
    #expect(after["video"] == 25 && after == before)
  }

  @Test func rawFramesPassThroughPipes() throws {
    try tools.makeVideo()
    let result = try tools.script(
      """
      ffmpeg -v error -i in.mp4 -f yuv4mpegpipe - |
        $program - - $quick --output-format yuv4mpegpipe --strength 0 | cat >out.y4m
      """)
    #expect(result.errors == "", "\(result.errors)")
    #expect(try tools.counts("out.y4m") == ["video": 25])
    // At strength 0: converted to RGB and back, but not encoded.
    #expect(try tools.media.similarity("in.mp4", "out.y4m") > 43)
  }

  @Test(arguments: ["png", "jpg"])
  func imageSequencesAreReadAndWritten(type: String) throws {
    try tools.makeVideo()
    for name in ["in", "out"] {
      try FileManager.default.createDirectory(atPath: folder.file(name), withIntermediateDirectories: false)
    }
    try tools.media.ffmpeg(["-i", "in.mp4", "-vf", "select=lt(n\\,5)", "-start_number", "7", "in/%03d.\(type)"])
    let result = try tools.script("stylize in/%03d.\(type) out/%04d.\(type) --strength 0 --input-option start_number=7")
    #expect(result.exitCode == 0 && result.errors == "", "\(result.errors)")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.file("out")).sorted()
    #expect(names == (1...5).map { "000\($0).\(type)" })
    #expect(try tools.media.similarity("in/007.\(type)", "out/0001.\(type)") > 40)
    // An image sequence can become a video.
    try tools.script("stylize in/%03d.\(type) out.mp4 --input-option start_number=7")
    #expect(try tools.counts("out.mp4") == ["video": 5])
    let missing = try tools.script("stylize out/%04d.\(type) none/%04d.\(type)")
    #expect(missing.exitCode == 1 && missing.errors.contains("none/0001.\(type)"), "\(missing.errors)")
  }

  @Test func playlistsAreReadAndWritten() throws {
    try tools.makeVideo()
    let result = try tools.script(
      "stylize in.mp4 live.m3u8 --output-option hls_time=0.4 --output-option g=10 && stylize live.m3u8 out.mp4")
    #expect(result.exitCode == 0 && result.errors == "", "\(result.errors)")
    #expect(try folder.names.filter { $0.hasSuffix(".ts") }.count >= 2)
    #expect(try tools.counts("out.mp4")["video"] == 25)
  }

  /// A film keeps all its segments, a live stream the newest. Options of the destination decide otherwise.
  @Test func playlistsKeepAFilmAndTheEndOfAStream() throws {
    try tools.makeVideo(seconds: 5)
    func segments(_ arguments: String) throws -> (listed: [String], stored: Int, list: String) {
      let result = try tools.script(
        "rm -f out*; stylize in.mp4 out.m3u8 --output-option hls_time=0.4 --output-option g=10 \(arguments)")
      #expect(result.exitCode == 0, "\(result.errors)")
      let list = String(decoding: try folder.bytes(of: "out.m3u8"), as: UTF8.self)
      let listed = list.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
      return (listed, try folder.names.filter { $0.hasSuffix(".ts") }.count, list)
    }
    let film = try segments("")
    // Thirteen, or a few less if the encoder places keyframes of its own. By default, libav lists five.
    #expect((9...13).contains(film.listed.count) && film.stored == film.listed.count, "\(film)")
    #expect(try film.list.contains("#EXT-X-ENDLIST") && tools.counts("out.m3u8")["video"] == 125)
    let window = try segments("--output-option hls_list_size=3")
    #expect(window.listed.count == 3 && window.stored == film.stored, "\(window)")
    let live = try segments("--live")
    // Segments stay for as long as a player of the list may need them.
    #expect((1...5).contains(live.listed.count) && live.stored < film.stored, "\(live)")
    #expect(live.listed.allSatisfy { (try? folder.bytes(of: $0)) != nil }, "\(live)")
  }

  @Test func unsupportedFormatsAndOptionsAreNamed() throws {
    try tools.makeVideo()
    let wrong = [
      ("foo://host/a out.mp4", "foo"), ("in.mp4 foo://host/a --output-format nut", "foo"),
      ("--input-format no-such in.mp4 out.mp4", "no-such"), ("in.mp4 out.mp4 --output-format no-such", "no-such"),
      ("in.mp4 out.mp4 --input-option no_such=1", "no_such"), ("in.mp4 out.mp4 --output-option no_such=1", "no_such"),
      ("in.mp4 http://127.0.0.1:1/a", "container"), ("http://127.0.0.1:1/a.mp4 out.mp4", "http://127.0.0.1:1/a.mp4"),
    ]
    for (arguments, name) in wrong {
      let result = try tools.script("stylize \(arguments)")
      #expect(result.exitCode == 1 && result.errors.contains(name), "\(arguments): \(result.errors)")
      #expect(result.errors.split(separator: "\n").count == 1, "\(arguments): \(result.errors)")
    }
    #expect(try tools.script("stylize in.mp4 out.mp4 --output-option tune=grain").exitCode == 0, "the encoder's option")
    #expect(try tools.script("stylize in.mp4 - --json").exitCode == 2)
    #expect(try tools.script("stylize in.mp4 out.mp4 --input-option probesize").exitCode == 2)
    #expect(try folder.names.sorted() == ["in.mp4", "out.mp4", "random.safetensors"])
  }

  @Test func aLostReaderIsAnError() throws {
    try tools.makeVideo(seconds: 4)
    let result = try tools.script("{ stylize in.mp4 - --crf 0; echo $? >code; } | head -c 1000 >part")
    #expect(try String(decoding: folder.bytes(of: "code"), as: UTF8.self) == "1\n")
    #expect(result.errors.contains("cannot write standard output"), "\(result.errors)")
    #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
  }

  @Test func invalidInputIsRejected() throws {
    let result = try tools.script("head -c 300000 /dev/urandom | $program - out.mp4 $quick")
    #expect(result.exitCode == 1 && result.errors.contains("standard input"), "\(result.errors)")
    let empty = try tools.script("$program - out.mp4 $quick </dev/null")
    #expect(empty.exitCode == 1 && empty.errors.contains("standard input"), "\(empty.errors)")
    #expect(try folder.names == ["random.safetensors"])
  }

  @Test func aSignalEndsASilentPipe() throws {
    try tools.makeVideo(seconds: 4)
    // The video starts, and then no more data arrives.
    let result = try tools.script(
      """
      (ffmpeg -v quiet -i in.mp4 -c copy -f nut -; sleep 7) |
        { exec 3<&0; $program - out.mkv $quick <&3 & echo $! >pid; wait $!; echo $? >code; } &
      sleep 3; kill -TERM $(cat pid); while [ ! -s code ]; do sleep 0.1; done; cat code
      """)
    #expect(result.output == "143\n" && result.errors.contains("stopped by SIGTERM"), "\(result.errors)")
    #expect(try tools.counts("out.mkv")["video"] ?? 0 > 0)
  }
}
