import FFmpeg
import Foundation
import TestSupport
import Testing

@Suite struct BadInputTests {
  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return ""
    } catch { return "\(error)" }
  }

  @Test func errorsNameFileAndReason() throws {
    let directory = try TemporaryFolder()
    let missing = directory.file("missing.mp4")
    #expect(message { _ = try Demuxer(path: missing) } == "cannot open \(missing): No such file or directory")
    let folder = directory.path
    #expect(message { _ = try Demuxer(path: folder) } == "cannot open \(folder): it is a directory")
    let empty = directory.file("empty.mp4")
    try Data().write(to: URL(fileURLWithPath: empty))
    #expect(message { _ = try Demuxer(path: empty) } == "cannot open \(empty): it is empty")
    let text = directory.file("text.mp4")
    try Data(String(repeating: "This is not a film. ", count: 100).utf8).write(to: URL(fileURLWithPath: text))
    let answer = message { _ = try Demuxer(path: text).firstFrame() }
    #expect(answer.hasPrefix("cannot open \(text): "))
    #expect(!answer.contains("\n"))
  }

  @Test func rejectsImpossibleOutputs() throws {
    let directory = try TemporaryFolder()
    let nowhere = directory.file("no/such/folder.mp4")
    #expect(message { _ = try Muxer(path: nowhere) } == "cannot write \(nowhere): No such file or directory")
    let strange = directory.file("a.strange")
    #expect(message { _ = try Muxer(path: strange) }.contains("extension"))
  }

  @Test func damagedImagesThrow() throws {
    let directory = try TemporaryFolder()
    let source = try Pictures.frame(width: 64, height: 64)
    let bytes = try Encoder(EncoderSettings(codec: "png", format: source.format)).encodeStill(source)
    for length in [8, 20, 40] {
      let file = directory.file("cut\(length).png")
      try Data(bytes.prefix(length)).write(to: URL(fileURLWithPath: file))
      #expect(throws: MediaError.self) { try Demuxer(path: file).firstFrame() }
    }
  }

  @Test func interruptionStopsOpening() throws {
    let directory = try TemporaryFolder()
    let file = directory.file("a.png")
    let source = try Pictures.frame(width: 16, height: 16)
    try Data(try Encoder(EncoderSettings(codec: "png", format: source.format)).encodeStill(source)).write(
      to: URL(fileURLWithPath: file))
    let error = #expect(throws: MediaError.self) { try Demuxer(path: file, interrupt: { true }) }
    #expect(error?.isInterruption == true)
  }
}
