import Networks
import Streaming
import Synchronization

/// A change of a stream's settings. Nil properties stay unchanged.
package struct StyleChange: Codable, Sendable {
  struct Part: Codable, Sendable {
    var name: String
    var share: Double
  }

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

  /// What is wrong with the change; nil if it is valid.
  package var fault: String? {
    if let strength, !(0...1).contains(strength) { return "found strength \(strength), expected 0 to 1" }
    if let fade, !(0...Self.maximumFade).contains(fade) {
      return "found fade \(fade), expected 0 to \(Int(Self.maximumFade))"
    }
    guard let styles else { return nil }
    if styles.isEmpty || styles.count > StyleMixer.maximumStyleCount {
      return "found \(styles.count) styles, expected 1 to \(StyleMixer.maximumStyleCount)"
    }
    if let part = styles.first(where: { !(0...1e6).contains($0.share) }) {
      return "found share \(part.share), expected 0 to 1000000"
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
