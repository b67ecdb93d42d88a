/// How large the strokes of a model that has a canvas are beside the picture: a size in a word, or the lines of the canvas.
///
/// The fewer lines, the larger the strokes. As text it is `small`, `medium`, `large` or a number; in JSON a string or a number.
public enum Strokes: Hashable, Sendable, CustomStringConvertible {
  /// Relative to the strokes that the model has learned.
  case size(StrokeSize)
  /// A canvas of so many lines, one of ``Canvas/lines`` where a person chose them.
  case lines(Int)

  /// The strokes that the model has learned, on its own canvas.
  public static let medium = Strokes.size(.medium)
  /// What a person may say.
  public static let choices =
    "\(StrokeSize.allCases.map(\.rawValue).joined(separator: ", ")) or a number of lines from \(Canvas.lines.lowerBound) to "
    + "\(Canvas.lines.upperBound)"

  /// Reads a word or a number. Throws ``ModelError/invalidStrokes(found:)`` for other text and for lines outside ``Canvas/lines``.
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

  /// The lines of the canvas of a model whose own has `canvasLines`, at least 1.
  ///
  /// `canvasLines · 1.4` for small strokes, `canvasLines / 1.4` for large ones, the nearest of ``Canvas/lines``; a number stays as it is.
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
  /// Reads a string or a number. Throws ``ModelError/invalidStrokes(found:)`` where it is neither a word nor a number of lines.
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

  /// Writes a word as a string, lines as a number.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .size(let size): try container.encode(size.rawValue)
    case .lines(let lines): try container.encode(lines)
    }
  }
}

extension NetworkDefinition {
  /// The lines of the canvas for `strokes`; nil where the network has no canvas.
  public func canvasLines(for strokes: Strokes) -> Int? { canvasLines.map { strokes.lines(canvasLines: $0) } }

  /// The lines of the canvas for the strokes that a person chose; nil where none were chosen.
  ///
  /// Throws ``ModelError/noCanvas(styles:)``, which names `style`, where strokes are chosen and the network has no canvas.
  public func canvasLines(chosen strokes: Strokes?, style: String) throws -> Int? {
    guard let strokes else { return nil }
    guard let lines = canvasLines(for: strokes) else { throw ModelError.noCanvas(styles: [style]) }
    return lines
  }

  /// The extents of the canvas for `strokes` and pictures of `height` × `width`; nil where the network has no canvas.
  public func canvasExtents(for strokes: Strokes, height: Int, width: Int) -> (height: Int, width: Int)? {
    canvasLines(for: strokes).map {
      Canvas.extents(lines: $0, height: height, width: width, multiple: max(1, sizeMultiple))
    }
  }
}
