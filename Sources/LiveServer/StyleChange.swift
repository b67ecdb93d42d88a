import Networks
import Streaming
import Synchronization

/// A change of a stream's settings. Nil properties stay unchanged.
package struct StyleChange: Codable, Sendable {
  struct Part: Codable, Sendable {
    private enum CodingKeys: CodingKey, CaseIterable { case name, share }

    var name: String
    var share: Double

    init(name: String, share: Double) {
      self.name = name
      self.share = share
    }

    init(from decoder: any Decoder) throws {
      let values = try decoder.knownValues(CodingKeys.self)
      name = try values.decode(String.self, forKey: .name)
      share = try values.decode(Double.self, forKey: .share)
    }
  }

  private enum CodingKeys: CodingKey, CaseIterable { case styles, strokeSize, strength, preserveColors, fade }

  /// The styles to mix. Shares are relative.
  var styles: [Part]?
  /// The stroke size: `small`, `medium`, `large` or the number of canvas lines.
  var strokeSize: Strokes?
  /// The share of the painted frame, from 0 to 1.
  var strength: Double?
  /// Whether to keep the source's colours.
  var preserveColors: Bool?
  /// The duration of this change and of later ones in seconds.
  var fade: Double?

  static let maximumFade = 60.0

  init(styles: [Part]) { self.styles = styles }

  /// Decodes a change.
  ///
  /// - Throws: `DecodingError` for unknown keys and for values of another type.
  package init(from decoder: any Decoder) throws {
    let values = try decoder.knownValues(CodingKeys.self)
    styles = try values.decodeIfPresent([Part].self, forKey: .styles)
    do {
      strokeSize = try values.decodeIfPresent(Strokes.self, forKey: .strokeSize)
    } catch let error as ModelError {
      throw DecodingError.dataCorruptedError(forKey: .strokeSize, in: values, debugDescription: "\(error)")
    }
    strength = try values.decodeIfPresent(Double.self, forKey: .strength)
    preserveColors = try values.decodeIfPresent(Bool.self, forKey: .preserveColors)
    fade = try values.decodeIfPresent(Double.self, forKey: .fade)
  }

  /// The key of the value that is out of range, and one sentence about it; nil if the change is valid.
  package var fault: (field: String, message: String)? {
    if let strength, !(0...1).contains(strength) { return ("strength", "found strength \(strength), expected 0 to 1") }
    if let fade, !(0...Self.maximumFade).contains(fade) {
      return ("fade", "found fade \(fade), expected 0 to \(Int(Self.maximumFade))")
    }
    guard let styles else { return nil }
    if styles.isEmpty || styles.count > StyleMixer.maximumStyleCount {
      return ("styles", "found \(styles.count) styles, expected 1 to \(StyleMixer.maximumStyleCount)")
    }
    if let index = styles.firstIndex(where: { !(0...1e6).contains($0.share) }) {
      return ("styles[\(index)].share", "found share \(styles[index].share), expected 0 to 1000000")
    }
    return nil
  }

  /// Applies the change to `stream`. This takes a moment if a style has to be loaded.
  ///
  /// - Throws: ``StyleCatalog/Missing``, or any error of ``StyleMixer/perform(_:fade:at:load:)``.
  func apply(to stream: PaintedStream, catalog: StyleCatalog) throws {
    try apply(to: stream.style, fade: stream.fade.withLock { $0 }, load: catalog.style)
    if let fade { stream.fade.withLock { $0 = fade } }
  }

  /// Applies the change to `style`.
  ///
  /// - Parameter usual: The duration in seconds, if the change has none.
  /// - Throws: An error of `load`, or any error of ``StyleMixer/perform(_:fade:at:load:)``.
  package func apply(
    to style: StyleMixer, fade usual: Double, load: (_ name: String) throws -> NamedStyle
  ) throws {
    let length = Duration.seconds(fade ?? usual)
    func perform(_ command: StyleCommand) throws { try style.perform(command, fade: length, load: load) }
    // Change styles and strokes first and together: if that fails, nothing has changed.
    if let styles {
      let parts = styles.map { StyleCommand.Part(name: $0.name, share: $0.share) }
      try style.mix(parts, strokes: strokeSize, fade: length, load: load)
    } else if let strokeSize {
      try perform(.strokes(strokeSize))
    }
    if let strength { try perform(.strength(strength)) }
    if let preserveColors { try perform(.preserveColors(preserveColors)) }
  }
}
