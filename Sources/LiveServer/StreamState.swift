import Networks
import Streaming
import Synchronization

/// A stream as programs and the page read it.
struct StreamState: Codable, Sendable {
  var id: String
  var title: String
  var condition: PaintedStream.Condition
  /// What was wrong with the source last.
  var failure: String?
  /// Whether its frames are to be posted.
  var isCamera: Bool
  /// Whether there is audio to hear.
  var hasAudio: Bool
  var styles: [StyleChange.Part]
  /// How large the strokes are; nil where no style has a canvas.
  var strokeSize: Strokes?
  var strength: Double
  var preserveColors: Bool
  /// How long changes take in seconds, unless told otherwise.
  var fade: Double
  var isFading: Bool
  var viewers: Int
  /// Pictures that slow viewers did not get.
  var skipped: Int
  var statistics: StylizationStatistics

  init(_ stream: PaintedStream, isCamera: Bool) {
    let settings = stream.style.settings
    let (condition, failure) = stream.condition
    id = stream.id
    title = stream.title
    self.condition = condition
    self.failure = failure
    self.isCamera = isCamera
    hasAudio = stream.output.hasAudio
    styles = settings.styles.map { StyleChange.Part(name: $0.name, share: $0.share) }
    strokeSize = settings.strokes
    strength = settings.blend.strength
    preserveColors = settings.blend.preservesColors
    fade = stream.fade.withLock { $0 }
    isFading = settings.isFading
    viewers = stream.output.viewerCount
    skipped = stream.output.counts.lost
    statistics = stream.statistics
  }
}

/// What is to be changed of a stream; what is left out stays.
struct StyleChange: Codable, Sendable {
  struct Part: Codable, Sendable {
    var name: String
    var share: Double
  }

  /// Styles and their shares, relative to each other.
  var styles: [Part]?
  /// How large the strokes are: `small`, `medium`, `large` or the lines of the canvas.
  var strokeSize: Strokes?
  /// The share of the painted picture, 0 to 1.
  var strength: Double?
  /// Whether the colours stay the source's.
  var preserveColors: Bool?
  /// How long this change and later ones take, in seconds.
  var fade: Double?

  static let maximumFade = 60.0

  /// What is wrong with it in words; nil if nothing.
  var fault: String? {
    if let strength, !(0...1).contains(strength) { return "'strength' is \(strength), expected 0 to 1" }
    if let fade, !(0...Self.maximumFade).contains(fade) {
      return "'fade' is \(fade), expected 0 to \(Int(Self.maximumFade))"
    }
    guard let styles else { return nil }
    if styles.isEmpty || styles.count > StyleMixer.maximumStyleCount {
      return "\(styles.count) styles, expected 1 to \(StyleMixer.maximumStyleCount)"
    }
    if let part = styles.first(where: { !(0...1e6).contains($0.share) }) {
      return "the share \(part.share), expected 0 to 1000000"
    }
    return nil
  }

  /// Carries it out; takes a moment where a style has to be loaded. Throws what is wrong with a style.
  func apply(to stream: PaintedStream, catalog: StyleCatalog) throws {
    let seconds = fade ?? stream.fade.withLock { $0 }
    let length = Duration.seconds(seconds)
    func perform(_ command: StyleCommand) throws {
      try stream.style.perform(command, fade: length, load: catalog.style)
    }
    // The styles and strokes first, in one step: what fails then has changed nothing.
    if let styles {
      let parts = styles.map { StyleCommand.Part(name: $0.name, share: $0.share) }
      try stream.style.mix(parts, strokes: strokeSize, fade: length, load: catalog.style)
    } else if let strokeSize {
      try perform(.strokes(strokeSize))
    }
    if let strength { try perform(.strength(strength)) }
    if let preserveColors { try perform(.preserveColors(preserveColors)) }
    if let fade { stream.fade.withLock { $0 = fade } }
  }
}
