import ArgumentParser
import Console
import Foundation
import Networks
import Streaming

/// The options for style changes during the video.
struct StyleOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Change to a style at a time of the video, such as 10s=wave or 1:30=starry. Can be repeated.",
      valueName: "time=style"),
    transform: StyleOptions.cue)
  var styleAt: [StyleScript.Cue] = []

  @Option(
    help: ArgumentHelp(
      "A file of changes, one per line: a time and a command, such as '10s mix wave 1 starry 2'.", valueName: "file"))
  var styleScript: String?

  @Option(
    help: ArgumentHelp("The duration of a style change.", valueName: "seconds"),
    transform: ArgumentValues.number(in: 0...3600))
  var fade = 0.5

  /// Parses `10s=wave`.
  @Sendable static func cue(_ text: String) throws -> StyleScript.Cue {
    guard let pair = try? KeyValue.parse(text), let time = StyleScript.seconds(pair.key), !pair.value.isEmpty else {
      throw ValidationError("expected a time and a style, such as 10s=wave or 1:30=wave")
    }
    return StyleScript.Cue(time: time, command: .style(pair.value))
  }

  /// Returns the changes of a video that starts with `styles`, or nil if there are none.
  ///
  /// - Parameter reads: Called with each file that is read.
  /// - Throws: An error if the script cannot be read or a style cannot be loaded.
  func script(
    _ styles: [(style: NamedStyle, share: Double)], _ strokes: Strokes, reads: (_ file: String) -> Void
  ) throws -> StyleScript? {
    var cues = styleAt
    if let styleScript {
      try InputPath.checkFile(styleScript)
      guard let text = try? String(contentsOfFile: styleScript, encoding: .utf8) else {
        throw PathError.inaccessible(path: styleScript, reason: "the file is not UTF-8 text")
      }
      reads(styleScript)
      cues += try StyleScript.cues(in: text, file: styleScript)
    }
    guard !cues.isEmpty else { return nil }
    return try StyleScript(cues, styles: styles, strokes: strokes, fade: fade) {
      let file = try Installation().styleFile($0)
      reads(file)
      return try NamedStyle($0, path: file)
    }
  }
}
