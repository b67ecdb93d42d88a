import ArgumentParser
import Console
import FFmpeg
import Inference
import Networks
import Streaming

extension FuzzTarget {
  /// Style commands: a line of standard input, and a file of `--style-script`.
  static let commands = FuzzTarget("commands") { input in
    let text = input.text
    try attempt(StyleCommand.Refusal.self) { _ = try StyleCommand(text) }
    try attempt(
      StyleCommand.Refusal.self, StyleMixerError.self, ModelError.self, InferenceError.self, SmallStyles.Missing.self
    ) {
      let cues = try StyleScript.cues(in: text, file: "script")
      _ = try StyleScript(cues, styles: [(SmallStyles.style("a"), 1)], fade: 0.5, load: SmallStyles.style)
    }
  }

  /// The values of options.
  static let values = FuzzTarget("values") { input in
    let text = input.text
    for parse in [
      ArgumentValues.number(in: -1...1e6), ArgumentValues.number(positive: true),
      ArgumentValues.number(positive: false),
    ] {
      try attempt(ValidationError.self) { _ = try parse(text) }
    }
    try attempt(ValidationError.self) { _ = try ArgumentValues.integer(in: 0...65_535)(text) }
    try attempt(ValidationError.self) { _ = try ArgumentValues.integer(in: 1 ... .max)(text) }
    try attempt(ValidationError.self) { _ = try FrameSize.parse(text).description }
    try attempt(ValidationError.self) { _ = try KeyValue.parse(text) }
    try attempt(ValidationError.self) { _ = try ParallelFrames.parse(text).description }
    try attempt(MediaError.self) { _ = try MediaSource(text).displayName }
    try attempt(MediaError.self) { _ = try MediaTarget(text) }
    _ = (StyleScript.seconds(text), PixelFormat(named: text))
    if let colour = BackgroundColor(text) {
      precondition(colour == BackgroundColor(text), "a colour that differs from time to time")
      precondition(colour == BackgroundColor(colour.description), "a colour that does not describe itself")
    }
  }
}
