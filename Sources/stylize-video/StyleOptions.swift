import ArgumentParser
import Console
import Foundation
import Networks
import Streaming

/// How the style changes in the course of the video.
struct StyleOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Another style from a time of the video on, such as 10s=wave or 1:30=starry; may be repeated.",
      valueName: "time=style"),
    transform: StyleOptions.cue)
  var styleAt: [StyleScript.Cue] = []

  @Option(
    help: ArgumentHelp(
      "A file of changes, one a line: a time and a command, such as '10s mix wave 1 starry 2'.", valueName: "file"))
  var styleScript: String?

  @Option(
    help: ArgumentHelp("How long a change of style takes.", valueName: "seconds"),
    transform: ArgumentValues.number(in: 0...3600))
  var fade = 0.5

  /// Reads `10s=wave`.
  @Sendable static func cue(_ text: String) throws -> StyleScript.Cue {
    guard let pair = try? KeyValue.parse(text), let time = StyleScript.seconds(pair.key), !pair.value.isEmpty else {
      throw ValidationError("expected a time and a style, such as 10s=wave or 1:30=wave")
    }
    return StyleScript.Cue(time: time, command: .style(pair.value))
  }

  /// The changes of a video that begins with `style`; nil where it stays. Throws where the file or a style is none.
  func script(_ style: NamedStyle, _ strokes: Strokes) throws -> StyleScript? {
    var cues = styleAt
    if let styleScript {
      try InputPath.checkFile(styleScript)
      guard let text = try? String(contentsOfFile: styleScript, encoding: .utf8) else {
        throw PathError.inaccessible(path: styleScript, reason: "it is no text in UTF-8")
      }
      cues += try StyleScript.cues(in: text, file: styleScript)
    }
    guard !cues.isEmpty else { return nil }
    return try StyleScript(cues, style: style, strokes: strokes, fade: fade) {
      try NamedStyle($0, path: Installation().styleFile($0))
    }
  }
}
