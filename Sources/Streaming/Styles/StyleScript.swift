import Networks
import Threading

/// Changes of style at times of the video: what a person would ask for meanwhile, written down beforehand.
///
/// Times count from the first frame. A change applies to the first frame of its time or later, and fades by the times
/// of the frames, so that a file is painted alike however fast that goes.
public struct StyleScript: Sendable {
  /// One change.
  public struct Cue: Equatable, Sendable {
    /// Seconds from the first frame.
    public let time: Double
    /// What changes.
    public let command: StyleCommand

    /// A change at a time in seconds.
    public init(time: Double, command: StyleCommand) {
      self.time = time
      self.command = command
    }

    /// Reads a time and a command, such as `1:30 mix wave 1 starry 2`; nil for an empty line, or one that begins with
    /// `#`. Throws ``StyleCommand/Refusal``.
    public init?(_ line: String) throws {
      let words = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
      guard let first = words.first, !first.hasPrefix("#") else { return nil }
      guard let time = StyleScript.seconds(String(first)) else {
        throw StyleCommand.Refusal(line: line, reason: "expected a time first, such as 10s or 1:30, found '\(first)'")
      }
      guard words.count > 1, let command = try StyleCommand(String(words[1])) else {
        throw StyleCommand.Refusal(line: line, reason: "expected a command behind the time")
      }
      self.init(time: time, command: command)
    }
  }

  /// No video is longer than thirty years.
  private static let maximumTime = 1e9

  private struct Step {
    let time: Double
    let command: StyleCommand
    let fade: Duration
  }

  /// Without `fade` and `quit`, in the order of their times.
  private let steps: [Step]
  private let styles: [String: NamedStyle]
  /// When the video is to end, in seconds from the first frame; nil for its own end.
  let end: Double?
  /// The number of styles that are painted at a time, at most.
  let styleCount: Int

  /// Checks changes for a video that begins with `style` and `strokes`, and brings all styles by `load`. Changes take
  /// `fade` seconds, unless a command `fade` before them says otherwise.
  ///
  /// Throws what `load` throws, or what ``StyleMixer/perform(_:fade:at:load:)`` would throw but for want of memory.
  public init(
    _ cues: [Cue], style: NamedStyle, strokes: Strokes = .medium, fade: Double,
    load: (_ name: String) throws -> NamedStyle
  ) throws {
    var styles = [style.name: style]
    var steps: [Step] = []
    var (fade, end, count) = (fade, Double?.none, 1)
    // No size is prepared, so nothing is painted: it only shows what is wrong with a command.
    let trial = StyleMixer(style, pool: ComputePool(threads: 1), strokes: strokes)
    let start = ContinuousClock.now
    // Of equal times, in the order of writing.
    for cue in cues.enumerated().sorted(by: { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }) {
      let (time, command) = (cue.element.time, cue.element.command)
      switch command {
      case .fade(let seconds): fade = seconds
      case .quit: end = end ?? time
      default:
        let instant = start + .seconds(time)
        trial.forgetLeft(at: instant)
        try trial.perform(command, fade: .seconds(fade), at: instant) { name in
          let found = try styles[name] ?? load(name)
          styles[name] = found
          return found
        }
        count = max(count, trial.stylesInUse.count)
        steps.append(Step(time: time, command: command, fade: .seconds(fade)))
      }
    }
    (self.steps, self.styles, self.end, styleCount) = (steps, styles, end, count)
  }

  /// Reads a file's lines, each a ``Cue``. Throws ``StyleCommand/Refusal``, which names `file` and the line's number.
  public static func cues(in text: String, file: String) throws -> [Cue] {
    try text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated().compactMap {
      do {
        return try Cue(String($1))
      } catch let refusal as StyleCommand.Refusal {
        throw StyleCommand.Refusal(line: refusal.line, reason: refusal.reason, place: "\(file), line \($0 + 1)")
      }
    }
  }

  /// A time as FFmpeg writes it, in seconds: `10`, `10s`, `1500ms`, `1:30` or `1:02:03.5`; nil for what is none, or
  /// negative.
  public static func seconds(_ text: String) -> Double? {
    func number(_ text: Substring) -> Double? {
      guard text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }) else { return nil }
      return Double(text).flatMap { $0 <= StyleScript.maximumTime ? $0 : nil }
    }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    if parts.count > 1 {
      let values = parts.compactMap(number)
      guard values.count == parts.count, values.count <= 3, values.dropFirst().allSatisfy({ $0 < 60 }) else {
        return nil
      }
      return values.reduce(0) { 60 * $0 + $1 }
    }
    for (unit, count) in [("ms", 1e3), ("us", 1e6), ("s", 1)] where text.hasSuffix(unit) {
      return number(text.dropLast(unit.count)).map { $0 / count }
    }
    return number(text[...])
  }

  /// Obeys the changes from number `next` on whose time has come at `seconds`, and moves `next` behind them. `instant`
  /// tells when a time of the video counts as. Throws as ``StyleMixer/perform(_:fade:at:load:)`` does.
  func perform(
    from next: inout Int, until seconds: Double, on style: StyleMixer,
    instant: (_ seconds: Double) -> ContinuousClock.Instant
  ) throws {
    while next < steps.count, case let step = steps[next], step.time <= seconds {
      next += 1
      try style.perform(step.command, fade: step.fade, at: instant(step.time)) { name in
        guard let style = styles[name] else {
          throw StyleCommand.Refusal(line: "style \(name)", reason: "the style is not loaded")
        }
        return style
      }
    }
  }
}
