import Networks

/// A command that changes a running stylization, written as one line of text.
public enum StyleCommand: Equatable, Sendable {
  /// `style NAME`: change to one style.
  case style(String)
  /// `mix NAME SHARE NAME SHARE ...`: change to a mixture.
  case mix([Part])
  /// `strokes small|medium|large|LINES`: set the stroke size.
  case strokes(Strokes)
  /// `strength NUMBER`: set the share of the painted frame, from 0 to 1.
  case strength(Double)
  /// `colors on|off`: keep the source's colours or not.
  case preserveColors(Bool)
  /// `fade SECONDS`: set the duration of later changes.
  case fade(Double)
  /// `quit`: end the run.
  case quit

  /// A style of a mixture.
  public struct Part: Equatable, Sendable {
    /// The style's name or model file.
    public let name: String
    /// The style's share, relative to the others.
    public let share: Double

    /// Creates a part.
    public init(name: String, share: Double) {
      self.name = name
      self.share = share
    }
  }

  /// The forms of the commands, for messages and help.
  public static let forms =
    "'style NAME', 'mix NAME SHARE NAME SHARE', 'strokes small|medium|large|LINES', 'strength 0.7', 'colors on|off', "
    + "'fade SECONDS' or 'quit'"

  /// Parses a line. Returns nil if it is empty.
  ///
  /// - Throws: ``Refusal``.
  public init?(_ line: String) throws {
    let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
    guard let verb = words.first else { return nil }
    let rest = Array(words.dropFirst())
    switch (verb, rest.count) {
    case ("style", 1...):
      // A file name may contain spaces.
      self = .style(rest.joined(separator: " "))
    case ("mix", 2...) where rest.count % 2 == 0:
      self = .mix(
        try stride(from: 0, to: rest.count, by: 2).map {
          Part(name: rest[$0], share: try Self.number(rest[$0 + 1], in: 0...1e6, line))
        })
    case ("strokes", 1):
      do {
        self = .strokes(try Strokes(rest[0]))
      } catch {
        throw Refusal(line: line, reason: "\(error)")
      }
    case ("strength", 1): self = .strength(try Self.number(rest[0], in: 0...1, line))
    case ("fade", 1): self = .fade(try Self.number(rest[0], in: 0...3600, line))
    case ("colors", 1) where ["on", "off"].contains(rest[0]): self = .preserveColors(rest[0] == "on")
    case ("quit", 0): self = .quit
    default:
      throw Refusal(line: line, reason: "expected \(Self.forms)")
    }
  }

  private static func number(_ text: String, in range: ClosedRange<Double>, _ line: String) throws -> Double {
    guard let value = Double(text), range.contains(value) else {
      throw Refusal(
        line: line,
        reason: "expected a number from \(Int(range.lowerBound)) to \(Int(range.upperBound)), found '\(text)'")
    }
    return value
  }

  /// A line that is not a valid command.
  public struct Refusal: Error, Equatable, Sendable, CustomStringConvertible {
    /// The line.
    public let line: String
    /// What is wrong with the line.
    public let reason: String
    /// The line's file and number; nil if it is not from a file.
    public var place: String?

    /// The error message, one sentence.
    public var description: String {
      "\(place.map { $0 + ": " } ?? "")invalid command '\(line.prefix(80))': \(reason)"
    }
  }
}

extension StyleMixer {
  /// Carries out `command`. ``StyleCommand/fade(_:)`` and ``StyleCommand/quit`` have no effect here; the caller handles
  /// them.
  ///
  /// - Parameters:
  ///   - fade: The duration of the change.
  ///   - time: When the change starts.
  ///   - load: Loads a style that is not in use.
  /// - Throws: An error of `load`, ``StyleMixerError``, `ModelError` or `InferenceError`. Nothing changes then.
  public func perform(
    _ command: StyleCommand, fade: Duration, at time: ContinuousClock.Instant = .now,
    load: (_ name: String) throws -> NamedStyle
  ) throws {
    var blend = settings.blend
    switch command {
    case .style(let name): try select(try style(named: name, load), fade: fade, at: time)
    case .mix(let parts): try mix(parts, fade: fade, at: time, load: load)
    case .strokes(let strokes): try setStrokes(strokes, fade: fade, at: time)
    case .strength(let strength):
      blend.strength = strength
      setBlend(blend, fade: fade, at: time)
    case .preserveColors(let isOn):
      blend.preservesColors = isOn
      setBlend(blend, fade: fade, at: time)
    case .fade, .quit: break
    }
  }

  /// Changes to the mixture of `parts` and, if given, to another stroke size. See ``perform(_:fade:at:load:)``.
  public func mix(
    _ parts: [StyleCommand.Part], strokes: Strokes? = nil, fade: Duration, at time: ContinuousClock.Instant = .now,
    load: (_ name: String) throws -> NamedStyle
  ) throws {
    try mix(try parts.map { (try style(named: $0.name, load), $0.share) }, strokes: strokes, fade: fade, at: time)
  }

  private func style(named name: String, _ load: (_ name: String) throws -> NamedStyle) throws -> NamedStyle {
    try stylesInUse.first { $0.name == name } ?? load(name)
  }
}
