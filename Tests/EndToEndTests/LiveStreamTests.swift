import Foundation
import Networks
import TestSupport
import Testing

/// Tests `stylize-video` with live sources, using the `ffmpeg` program as sender and receiver.
///
/// The number of painted frames depends on the machine, so the tests expect some and check that all others are counted.
@Suite(.enabled(if: MediaTools.areInstalled), .serialized)
struct LiveStreamTests {
  private let tools: StreamTools
  private var folder: TemporaryFolder { tools.folder }

  init() throws { tools = try StreamTools() }

  private struct Report: Decodable {
    struct Latency: Decodable { var p50, p95, p95Overall: Double }

    var frames, framesIn, framesDropped, reconnects, width, height: Int
    var latencyMs: Latency
    var styles: [String: Double]
  }

  private func report(_ result: BuiltProgram.Result) throws -> Report {
    try #require(result.output.hasPrefix("{"), "\(result.errors)")
    return try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
  }

  /// Returns the times of a file's frames in milliseconds.
  private func times(_ file: String) throws -> [Int] {
    try tools.media.frameTimes(of: file).map { Int(($0 * 1000).rounded()) }
  }

  /// A file read at its own frame rate: every frame keeps its timestamp and the audio is copied, even if several frames
  /// are painted at a time.
  @Test(arguments: [1, 3])
  func aFileCanBePlayedLive(parallel: Int) throws {
    try tools.makeVideo(seconds: 2)
    let result = try tools.script(
      "stylize in.mp4 out.mp4 --live --json --stats stats.json --parallel-frames \(parallel)")
    #expect(result.exitCode == 0, "\(result.errors)")
    let report = try report(result)
    #expect(report.framesIn == 50 && report.frames + report.framesDropped == 50 && report.frames >= 10)
    #expect(report.width == 96 && report.height == 64 && report.styles == ["random": 1])
    #expect(report.latencyMs.p50 > 0 && report.latencyMs.p95Overall > 0)
    let kept = try times("out.mp4")
    let sent = Set(try times("in.mp4"))
    #expect(kept.count == report.frames && sent.isSuperset(of: kept) && kept == kept.sorted())
    #expect(try tools.counts("out.mp4")["audio"] == tools.counts("in.mp4")["audio"])

    let lines = try String(decoding: folder.bytes(of: "stats.json"), as: UTF8.self).split(separator: "\n")
    #expect(lines.count >= 2)
    struct Line: Decodable { var seconds, fpsIn, latencyP95Ms: Double, framesOut, workWidth: Int }
    let numbers = try lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    #expect(numbers.last?.framesOut == report.frames && numbers.allSatisfy { $0.workWidth <= 32 })
    #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0.seconds < $1.seconds })
  }

  @Test func receivesUDP() throws {
    try tools.makeVideo(seconds: 3)
    let port = try tools.freePort(SOCK_DGRAM)
    let result = try tools.script(
      """
      (sleep 0.5; send -f mpegts 'udp://127.0.0.1:\(port)?pkt_size=1316') &
      stylize udp://127.0.0.1:\(port) out.mp4 --json --timeout 3
      """)
    // UDP has no end of stream.
    #expect(result.exitCode == 1 && result.errors.contains("no data for 3 s"), "\(result.errors)")
    let report = try report(result)
    #expect(report.framesIn > 25 && report.frames > 5 && report.frames + report.framesDropped == report.framesIn)
    #expect(try tools.counts("out.mp4")["video"] == report.frames)
    #expect(try tools.counts("out.mp4")["audio"] ?? 0 > 50)
  }

  @Test func receivesSRT() throws {
    try tools.makeVideo(seconds: 2)
    let port = try tools.freePort(SOCK_DGRAM)
    let result = try tools.script(
      """
      (sleep 1; send -f mpegts srt://127.0.0.1:\(port)) &
      stylize srt://127.0.0.1:\(port) out.mkv --input-option mode=listener --json --timeout 10
      """)
    let report = try report(result)
    #expect(report.frames > 5 && report.frames + report.framesDropped == report.framesIn, "\(result.errors)")
    #expect(try tools.counts("out.mkv")["video"] == report.frames)
  }

  @Test func sendsSRT() throws {
    try tools.makeVideo(seconds: 2)
    let port = try tools.freePort(SOCK_DGRAM)
    let result = try tools.script(
      """
      ffmpeg -nostdin -v error -i 'srt://127.0.0.1:\(port)?mode=listener' -c copy got.mkv 2>received &
      receiver=$!
      sleep 1
      stylize in.mp4 srt://127.0.0.1:\(port) --live --json
      wait $receiver
      """)
    let report = try report(result)
    #expect(report.frames > 5, "\(result.errors)")
    let got = try tools.counts("got.mkv")
    // SRT drops packets that come later than its latency allows, as they may on a busy machine.
    #expect((report.frames / 2...report.frames).contains(got["video"] ?? 0) && got["audio"] ?? 0 > 10, "\(got)")
  }

  @Test func sendsRTMP() throws {
    try tools.makeVideo(seconds: 2)
    let port = try tools.freePort(SOCK_STREAM)
    let result = try tools.script(
      """
      ffmpeg -nostdin -v error -listen 1 -i rtmp://127.0.0.1:\(port)/live/a -c copy got.mkv 2>received &
      receiver=$!
      sleep 1
      stylize in.mp4 rtmp://127.0.0.1:\(port)/live/a --live --json
      wait $receiver
      """)
    let report = try report(result)
    #expect(report.frames > 5, "\(result.errors)")
    let got = try tools.counts("got.mkv")
    // The last packets may be lost when the connection closes.
    #expect((report.frames - 3...report.frames).contains(got["video"] ?? 0) && got["audio"] ?? 0 > 20)
  }

  @Test func receivesRTMP() throws {
    try tools.makeVideo(seconds: 2)
    let port = try tools.freePort(SOCK_STREAM)
    let result = try tools.script(
      """
      (sleep 1; send -f flv rtmp://127.0.0.1:\(port)/live/a) &
      stylize rtmp://127.0.0.1:\(port)/live/a out.mp4 --input-option listen=1 --json
      """)
    let report = try report(result)
    #expect(report.frames > 5 && report.framesIn > 25, "\(result.errors)")
    #expect(try tools.counts("out.mp4")["video"] == report.frames)
  }

  /// The second connection's frames follow those of the first, after a pause.
  @Test func aLostSourceIsReconnected() throws {
    try tools.makeVideo(seconds: 1.6)
    let port = try tools.freePort(SOCK_STREAM)
    let result = try tools.script(
      """
      (sleep 1; send -f flv rtmp://127.0.0.1:\(port)/live/a; sleep 2; send -f flv rtmp://127.0.0.1:\(port)/live/a) &
      stylize rtmp://127.0.0.1:\(port)/live/a out.mkv --input-option listen=1 --json --reconnect 5
      """)
    let report = try report(result)
    #expect(report.reconnects == 1, "\(result.errors)")
    #expect(result.exitCode == 1 && result.errors.contains("reconnecting failed for 5 s"), "\(result.errors)")
    let times = try times("out.mkv")
    #expect(times == times.sorted() && times.count == report.frames)
    let pauses = zip(times, times.dropFirst()).map { $1 - $0 }
    // A busy machine may drop other frames, so shorter pauses are allowed.
    #expect((pauses.max() ?? 0) > 1500, "\(pauses)")
    #expect((2500...12_000).contains((times.last ?? 0) - (times.first ?? 0)), "\(times)")
  }

  /// The sender may begin later than the timeout. The port is free for the next connection to the same sender.
  @Test func aSilentUDPSourceIsReconnected() throws {
    try tools.makeVideo(seconds: 2)
    let port = try tools.freePort(SOCK_DGRAM)
    let result = try tools.script(
      """
      to='udp://127.0.0.1:\(port)?pkt_size=1316'
      (sleep 3; send -f mpegts $to; sleep 4; send -f mpegts $to) &
      stylize udp://127.0.0.1:\(port) out.mkv --json --timeout 2 --reconnect 8
      """)
    #expect(result.exitCode == 1 && result.errors.contains("no data for 2 s, and reconnecting failed for 8 s"))
    let report = try report(result)
    #expect(report.reconnects == 1 && report.frames + report.framesDropped == report.framesIn, "\(result.errors)")
    let times = try times("out.mkv")
    // The pause between the two is in the recording.
    #expect(zip(times, times.dropFirst()).contains { $1 - $0 > 3000 }, "\(times)")
  }

  /// Without a sender, the program waits until it is stopped.
  @Test func aSourceMayBeginLate() throws {
    let port = try tools.freePort(SOCK_DGRAM)
    let result = try tools.script(
      "timeout --preserve-status 4 $program udp://127.0.0.1:\(port) out.mp4 --timeout 1 $quick </dev/null; echo $?")
    #expect(result.output == "143\n" && !result.errors.contains("no data"), "\(result.output) \(result.errors)")
    #expect(try folder.names == ["random.safetensors"])
  }

  @Test func damagedPacketsAreSkipped() throws {
    try tools.makeVideo(seconds: 2)
    let port = try tools.freePort(SOCK_DGRAM)
    let result = try tools.script(
      """
      ffmpeg -nostdin -v error -i in.mp4 -c copy -f mpegts in.ts
      # Every tenth packet of 1316 bytes is noise.
      (sleep 0.5; i=0; size=$(wc -c <in.ts); while [ $((i * 1316)) -lt $size ]; do
        if [ $((i % 10)) = 9 ]; then head -c 1316 /dev/urandom; else dd if=in.ts bs=1316 skip=$i count=1 2>/dev/null; fi
        i=$((i + 1))
      done >damaged.ts; ffmpeg -nostdin -v quiet -re -f mpegts -i damaged.ts -c copy -f mpegts udp://127.0.0.1:\(port)) &
      stylize udp://127.0.0.1:\(port) out.mp4 --json --timeout 3
      """)
    let report = try report(result)
    #expect(report.frames > 0, "\(result.errors)")
    #expect(try tools.counts("out.mp4")["video"] == report.frames)
  }

  /// The source's size, and perhaps its codec, changes in the middle. The output keeps its size.
  @Test(arguments: ["libx264", "mpeg2video"])
  func theSizeChangesDuringTheRun(codec: String) throws {
    try tools.makeVideo()
    try tools.media.ffmpeg([
      "-i", "in.mp4", "-vf", "scale=64:96", "-c:v", codec, "-bf", "0", "-c:a", "copy", "-f", "mpegts", "b.ts",
    ])
    try tools.media.ffmpeg(["-i", "in.mp4", "-c", "copy", "-f", "mpegts", "a.ts"])
    let result = try tools.script("(cat a.ts; sleep 1; cat b.ts) | $program - out.mp4 --live --json $quick")
    let report = try report(result)
    #expect(result.exitCode == 0 && report.width == 96, "\(result.errors)")
    #expect(report.frames > 0 && report.frames + report.framesDropped == report.framesIn)
    #expect(try tools.counts("out.mp4")["video"] == report.frames)
    let times = try times("out.mp4")
    #expect(times == times.sorted())
    // libav's transport stream demuxer treats the packets of the other codec as those of the first, so they are
    // useless.
    guard codec == "libx264" else { return }
    #expect(report.framesIn >= 45)
    // Both videos start at the same timestamp, yet the frames of the second follow those of the first.
    #expect((1800...2200).contains((times.last ?? 0) - 1400), "\(times)")
  }

  @Test func aLostReceiverIsAnError() throws {
    try tools.makeVideo(seconds: 5)
    let port = try tools.freePort(SOCK_STREAM)
    let result = try tools.script(
      """
      timeout 2 ffmpeg -nostdin -v quiet -f mpegts -i 'tcp://127.0.0.1:\(port)?listen=1' -c copy got.mkv &
      sleep 0.7
      stylize in.mp4 tcp://127.0.0.1:\(port) --live; echo $?
      """)
    #expect(result.output == "1\n" && result.errors.contains("cannot write tcp://"), "\(result.errors)")
  }

  /// A reader that does not read delays neither the source nor the end.
  @Test func aStuckReceiverDoesNotDelayTheEnd() throws {
    try tools.makeVideo(seconds: 2)
    let result = try tools.script(
      """
      { $program in.mp4 - --live --crf 0 --output-format nut --style random --quiet </dev/null & echo $! >pid; wait $!
        echo $? >code; } | sleep 10 &
      sleep 3; kill -TERM $(cat pid); while [ ! -s code ]; do sleep 0.1; done; cat code
      """)
    #expect(result.output == "143\n", "\(result.output) \(result.errors)")
  }

  @Test(arguments: [0.3, 1.2, 2.5])
  func aSignalAtAnyTimeLeavesAPlayableRecording(seconds: Double) throws {
    let result = try tools.script(
      """
      $program --input-format lavfi testsrc2=size=96x64:rate=20,realtime out.mp4 $quick </dev/null &
      sleep \(seconds); kill -TERM $!; wait $!; echo $?
      """)
    // Not SIGINT, because background jobs of a shell ignore it until they install a handler, and the signal may arrive
    // earlier.
    #expect(result.output == "143\n", "\(result.output) \(result.errors)")
    let isWritten = try folder.names.contains("out.mp4")
    #expect(try folder.names.count == (isWritten ? 2 : 1))
    if isWritten {
      #expect(try tools.counts("out.mp4")["video"] ?? 0 > 0 && result.errors.contains("stopped by SIGTERM"))
    } else {
      // The signal arrived before the first frame.
      #expect(seconds < 2)
    }
  }

  /// Commands arrive on standard input. A model file may be removed once it is loaded.
  @Test func stylesChangeDuringTheRun() throws {
    try randomModel(seed: 2).save(path: folder.file("other.safetensors"))
    let result = try tools.script(
      """
      (sleep 1.5; echo style missing; echo hello; echo fade 0; echo style other; sleep 0.7; rm other.safetensors random.safetensors
       sleep 0.5; echo mix random 0.25 other 0.75; sleep 0.5; echo strength 0.5; echo colors on; sleep 0.5; echo quit) |
        $program --input-format lavfi testsrc2=size=96x64:rate=20,realtime out.mkv $quick --json --fade 0
      """)
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.errors.contains("missing") && result.errors.contains("hello"), "\(result.errors)")
    // The first style was released before its file was removed, so `mix` fails.
    #expect(result.errors.split(separator: "\n").count == 3, "\(result.errors)")
    let report = try report(result)
    #expect(report.styles == ["other": 1] && report.frames > 20)
    #expect(try tools.counts("out.mkv")["video"] == report.frames)
  }
}
