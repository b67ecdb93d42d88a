/// The size of a model's strokes relative to the picture: a word or the number of lines of the canvas. Only models with
/// a canvas support it.
///
/// Fewer lines give larger strokes. The text form is `small`, `medium`, `large` or a number; JSON uses a string or a
/// number.
public enum Strokes: Hashable, Sendable, CustomStringConvertible {
  /// A size relative to the strokes that the model has learned.
  case size(StrokeSize)
  /// A canvas with a number of lines. User input is limited to ``Canvas/lines``.
  case lines(Int)

  /// The strokes that the model has learned, on its own canvas.
  public static let medium = Strokes.size(.medium)
  /// The accepted text, for messages.
  public static let choices =
    "\(StrokeSize.allCases.map(\.rawValue).joined(separator: ", ")) or a number of lines from \(Canvas.lines.lowerBound) to "
    + "\(Canvas.lines.upperBound)"

  /// Parses a word or a number.
  ///
  /// - Throws: ``ModelError/invalidStrokes(found:)`` for other text and for numbers outside ``Canvas/lines``.
  public init(_ text: String) throws {
    if let size = StrokeSize(rawValue: text) {
      self = .size(size)
    } else if let lines = Int(text), Canvas.lines.contains(lines) {
      self = .lines(lines)
    } else {
      throw ModelError.invalidStrokes(found: text)
    }
  }

  /// The word or the number.
  public var description: String {
    switch self {
    case .size(let size): size.rawValue
    case .lines(let lines): String(lines)
    }
  }

  /// Returns the number of lines of the canvas for a model whose own canvas has `canvasLines`, at least 1.
  ///
  /// `canvasLines · 1.4` for small strokes and `canvasLines / 1.4` for large ones, limited to ``Canvas/lines``. An
  /// explicit number is returned unchanged.
  public func lines(canvasLines: Int) -> Int {
    let ratio = StrokeSize.large.factor
    let lines: Double
    switch self {
    case .size(.medium): return canvasLines
    case .lines(let lines): return lines
    case .size(.small): lines = Double(canvasLines) * ratio
    case .size(.large): lines = Double(canvasLines) / ratio
    }
    return min(Canvas.lines.upperBound, max(Canvas.lines.lowerBound, Int(lines.rounded())))
  }
}

extension Strokes: Codable {
  /// Decodes a string or a number.
  ///
  /// - Throws: ``ModelError/invalidStrokes(found:)`` if it is neither a known word nor a number of lines.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let lines = try? container.decode(Int.self) {
      try self.init(String(lines))
    } else if let number = try? container.decode(Double.self) {
      throw ModelError.invalidStrokes(found: String(number))
    } else {
      try self.init(try container.decode(String.self))
    }
  }

  /// Encodes a word as a string and lines as a number.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .size(let size): try container.encode(size.rawValue)
    case .lines(let lines): try container.encode(lines)
    }
  }
}

extension NetworkDefinition {
  /// Returns the number of lines of the canvas for `strokes`; nil if the network has no canvas.
  public func canvasLines(for strokes: Strokes) -> Int? { canvasLines.map { strokes.lines(canvasLines: $0) } }

  /// Returns the extents of the canvas for `strokes` and pictures of `height` × `width`; nil if the network has no
  /// canvas.
  public func canvasExtents(for strokes: Strokes, height: Int, width: Int) -> (height: Int, width: Int)? {
    canvasLines(for: strokes).map {
      Canvas.extents(lines: $0, height: height, width: width, multiple: max(1, sizeMultiple))
    }
  }
}
