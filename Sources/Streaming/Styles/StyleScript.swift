import Networks
import Threading

/// Style changes at given times of a video.
///
/// Times are in seconds from the first frame. A change applies to the first frame at or after its time. Fades follow
/// the frames' timestamps, so the output of a file does not depend on the painting speed.
public struct StyleScript: Sendable {
  /// A change at a time.
  public struct Cue: Equatable, Sendable {
    /// The time in seconds from the first frame.
    public let time: Double
    /// The command to carry out.
    public let command: StyleCommand

    /// Creates a cue.
    public init(time: Double, command: StyleCommand) {
      self.time = time
      self.command = command
    }

    /// Parses a time and a command, such as `1:30 mix wave 1 starry 2`. Returns nil for an empty line and for a
    /// comment, which begins with `#`.
    ///
    /// - Throws: ``StyleCommand/Refusal``.
    public init?(_ line: String) throws {
      let words = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
      guard let first = words.first, !first.hasPrefix("#") else { return nil }
      guard let time = StyleScript.seconds(String(first)) else {
        throw StyleCommand.Refusal(line: line, reason: "expected a time first, such as 10s or 1:30, found '\(first)'")
      }
      guard words.count > 1, let command = try StyleCommand(String(words[1])) else {
        throw StyleCommand.Refusal(line: line, reason: "expected a command after the time")
      }
      self.init(time: time, command: command)
    }
  }

  /// In seconds: more than thirty years.
  private static let maximumTime = 1e9

  private struct Step {
    let time: Double
    let command: StyleCommand
    let fade: Duration
  }

  /// All cues but `fade` and `quit`, in order of time.
  private let steps: [Step]
  private let styles: [String: NamedStyle]
  /// When to end the video, in seconds from the first frame; nil to end with the source.
  let end: Double?
  /// The maximum number of styles that are painted at a time.
  let styleCount: Int

  /// Checks the cues of a video that starts with `strokes` and a mixture of styles, and loads all styles.
  ///
  /// - Parameters:
  ///   - fade: The duration of changes in seconds, until a `fade` command sets another.
  ///   - load: Loads a style by name.
  /// - Throws: An error of `load`, or any error that ``StyleMixer/perform(_:fade:at:load:)`` would throw, except for
  ///   insufficient memory.
  public init(
    _ cues: [Cue], styles initial: [(style: NamedStyle, share: Double)], strokes: Strokes = .medium, fade: Double,
    load: (_ name: String) throws -> NamedStyle
  ) throws {
    var styles = Dictionary(initial.map { ($0.style.name, $0.style) }) { first, _ in first }
    var steps: [Step] = []
    var (fade, end) = (fade, Double?.none)
    // A mixer without a prepared size paints nothing, but finds errors in commands.
    guard let first = initial.first?.style else { throw StyleMixerError.nothingToMix }
    let trial = StyleMixer(first, pool: ComputePool(threads: 1), strokes: strokes)
    try trial.mix(initial)
    var count = trial.stylesInUse.count
    let start = ContinuousClock.now
    // Cues at the same time keep their order.
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

  /// Parses the lines of a file into cues.
  ///
  /// - Throws: ``StyleCommand/Refusal``, which names `file` and the line number.
  public static func cues(in text: String, file: String) throws -> [Cue] {
    try text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated().compactMap {
      do {
        return try Cue(String($1))
      } catch let refusal as StyleCommand.Refusal {
        throw StyleCommand.Refusal(line: refusal.line, reason: refusal.reason, place: "\(file), line \($0 + 1)")
      }
    }
  }

  /// Parses a time in FFmpeg's syntax, such as `10`, `10s`, `1500ms`, `1:30` or `1:02:03.5`. Returns seconds, or nil if
  /// the text is not a valid time or is negative.
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

  /// Carries out the steps from index `next` on that are due at `seconds`, and advances `next`.
  ///
  /// - Parameter instant: Converts a time of the video to the instant that represents it in fades.
  /// - Throws: See ``StyleMixer/perform(_:fade:at:load:)``.
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
