import Networks

/// What a person may ask of a running painting, as one line of text.
public enum StyleCommand: Equatable, Sendable {
  /// `style NAME`: go over to one style.
  case style(String)
  /// `mix NAME SHARE NAME SHARE ...`: go over to a mixture.
  case mix([Part])
  /// `strokes small|medium|large|LINES`: how large the strokes are.
  case strokes(Strokes)
  /// `strength NUMBER`: the share of the painted picture, 0 to 1.
  case strength(Double)
  /// `colors on|off`: whether the colours stay the source's.
  case preserveColors(Bool)
  /// `fade SECONDS`: how long later changes take.
  case fade(Double)
  /// `quit`: end the run.
  case quit

  /// A style of a mixture.
  public struct Part: Equatable, Sendable {
    /// Its name, or a model file.
    public let name: String
    /// Its share, relative to the others'.
    public let share: Double

    /// That much of that style.
    public init(name: String, share: Double) {
      self.name = name
      self.share = share
    }
  }

  /// Reads a line; nil for an empty one. Throws ``Refusal``.
  public init?(_ line: String) throws {
    let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
    guard let verb = words.first else { return nil }
    let rest = Array(words.dropFirst())
    switch (verb, rest.count) {
    case ("style", 1...):
      // A file's name may hold spaces.
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
      throw Refusal(
        line: line,
        reason:
          "expected 'style NAME', 'mix NAME SHARE NAME SHARE', 'strokes small|medium|large|LINES', 'strength 0.7', "
          + "'colors on|off', 'fade SECONDS' or 'quit'"
      )
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

  /// A line that is no command.
  public struct Refusal: Error, Equatable, Sendable, CustomStringConvertible {
    /// The line.
    public let line: String
    /// What is wrong with it.
    public let reason: String
    /// The file that it is in, with its number there; nil where it is in none.
    public var place: String?

    /// One sentence.
    public var description: String {
      "\(place.map { $0 + ": " } ?? "")the command '\(line.prefix(80))': \(reason)"
    }
  }
}

extension StyleMixer {
  /// Obeys `command` from `time` on; `load` brings a style that is not in use, `fade` is how long the change takes.
  ///
  /// Throws what `load` throws, ``StyleMixerError``, `ModelError` or `InferenceError`; the painting goes on as before
  /// then. `fade` and `quit` are the caller's to obey.
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

  /// Goes over to the mixture of `parts`, and to strokes of another size where these are given, as
  /// ``perform(_:fade:at:load:)`` does.
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
