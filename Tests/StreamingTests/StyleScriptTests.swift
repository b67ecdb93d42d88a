import FFmpeg
import Foundation
import Networks
import Streaming
import Synchronization
import TestSupport
import Testing
import Threading

@Suite struct StyleScriptTests {
  private static let (width, height, count) = (40, 24, 30)

  private func style(_ name: String, seed: UInt64) throws -> NamedStyle {
    NamedStyle(name, model: try preparedRandomModel(seed: seed))
  }

  /// Returns the bytes of all frames of a video at 25 frames per second that starts with style `a`.
  private func paint(_ a: NamedStyle, parallel: Int = 1, script: StyleScript? = nil) throws -> [[UInt8]] {
    let source = try SyntheticSource(width: Self.width, height: Self.height, count: Self.count)
    let frames = Mutex<[[UInt8]]>([])
    let sink = FrameObserver(format: source.description.format) { frame, _, _ in
      let plane = try #require(frame.plane(0))
      let bytes = (0..<Self.height).flatMap { y in (0..<3 * Self.width).map { plane[y * frame.stride(0) + $0] } }
      frames.withLock { $0.append(bytes) }
    }
    let mixer = StyleMixer(a, parallelism: .throughput(frames: parallel), threads: parallel)
    try Stylization(source: source, style: mixer, sink: sink, options: .init(script: script)).run()
    return frames.withLock { $0 }
  }

  /// Frame 10 has the time 0.4 s.
  @Test(arguments: [1, 3])
  func changesApplyAtTheirTimes(parallel: Int) throws {
    let (a, b) = (try style("a", seed: 1), try style("b", seed: 2))
    let (pictureA, pictureB) = (try paint(a), try paint(b))
    #expect(pictureA.count == Self.count && zip(pictureA, pictureB).allSatisfy { $0 != $1 })
    let script = try StyleScript([.init(time: 0.4, command: .style("b"))], styles: [(a, 1)], fade: 0) { name in
      #expect(name == "b")
      return b
    }
    let changed = try paint(a, parallel: parallel, script: script)
    #expect(Array(changed[..<10]) == Array(pictureA[..<10]))
    #expect(Array(changed[10...]) == Array(pictureB[10...]))
  }

  /// A fade follows the frames' timestamps: 0.2 s are five frames, however long painting takes.
  @Test func fadesFollowTheTimestamps() throws {
    let (a, b) = (try style("a", seed: 1), try style("b", seed: 2))
    let (pictureA, pictureB) = (try paint(a), try paint(b))
    let cues = try StyleScript.cues(in: "# a fade\n0s fade 0.2\n\n400ms style b\n1 quit\n", file: "script")
    let script = try StyleScript(cues, styles: [(a, 1)], fade: 9) { _ in b }
    let changed = try paint(a, script: script)
    // The video ends at 1 s, before frame 25.
    #expect(changed.count == 25)
    #expect(Array(changed[...10]) == Array(pictureA[...10]))
    #expect(Array(changed[15...]) == Array(pictureB[15..<25]))
    for number in 11..<15 {
      let share = Double(number - 10) / 5
      let difference = changed[number].indices.map { index in
        abs(
          Double(changed[number][index]) - (1 - share) * Double(pictureA[number][index])
            - share * Double(pictureB[number][index]))
      }
      // The mixture is rounded once, by at most 0.5, and its share to 2⁻¹⁶, relative to 255.
      #expect(try #require(difference.max()) <= 0.51, "frame \(number)")
    }
    #expect(try paint(a, parallel: 3, script: script) == changed)
  }

  @Test func errorsAreFoundInAdvance() throws {
    let a = try style("a", seed: 1)
    func make(_ text: String) throws -> StyleScript {
      let cues = try StyleScript.cues(in: text, file: "s.txt")
      return try StyleScript(cues, styles: [(a, 1)], fade: 0) { throw TestError(place: $0) }
    }
    #expect(throws: TestError(place: "b")) { try make("1s style b") }
    #expect(throws: ModelError.noCanvas(styles: ["a"])) { try make("1s strokes large") }
    #expect(throws: StyleMixerError.nothingToMix) { try make("1s mix a 0") }
    for line in ["style a", "1s", "-1s style a", "1x style a", "1s hello", "1:70 style a", "1e3 style a", "nan quit"] {
      let error = #expect(throws: StyleCommand.Refusal.self, "\(line)") { try make("\n\(line)") }
      #expect(error?.description.hasPrefix("s.txt, line 2: ") == true)
    }
    // The initial style is not loaded again.
    _ = try make("2s style a\n3s strength 0.5")
  }

  @Test func timesHaveFFmpegsSyntax() {
    let times: [(String, Double?)] = [
      ("10", 10), ("10s", 10), ("1.5s", 1.5), ("1500ms", 1.5), ("250us", 0.00025), ("1:30", 90), ("1:02:03.5", 3723.5),
      ("0:59", 59), ("", nil), ("s", nil), (":", nil), ("1:60", nil), ("1:2:3:4", nil), ("-1", nil), ("10 s", nil),
      ("1e3", nil), ("inf", nil), ("99999999999", nil),
    ]
    for (text, seconds) in times {
      let found = StyleScript.seconds(text)
      #expect((found == nil) == (seconds == nil) && abs((found ?? 0) - (seconds ?? 0)) < 1e-9, "\(text)")
    }
  }
}
