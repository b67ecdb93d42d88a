/// The small picture that a network paints on instead of the full-size frame.
///
/// Because its number of lines is fixed, strokes have the same size relative to the picture at any frame size.
public enum Canvas {
  /// The possible lengths of the short side in pixels.
  public static let lines = 64...1024
  /// The possible numbers of channels of a revision, besides 0.
  public static let revisions = 4...32

  /// Returns the extents of the canvas for pictures of `height` × `width` pixels, each at least 1.
  ///
  /// The short side has `lines` pixels and the other side follows the picture's aspect ratio. Both are rounded to the
  /// nearest multiple of `multiple`, and are at least `multiple`. If the short side of the picture has at most `lines`
  /// pixels, the canvas has the picture's size, apart from rounding.
  public static func extents(
    lines: Int, height: Int, width: Int, multiple: Int
  ) -> (height: Int, width: Int) {
    let short = min(height, width)
    // Integer arithmetic gives the same extents on every machine.
    let (numerator, denominator) = short > max(lines, 1) ? (max(lines, 1), short) : (1, 1)
    func rounded(_ extent: Int) -> Int {
      let unit = 2 * denominator * multiple
      return max(1, (2 * extent * numerator + denominator * multiple) / unit) * multiple
    }
    return (rounded(height), rounded(width))
  }
}

extension NetworkDefinition {
  /// The number of lines of the canvas; nil if there is no canvas.
  public var canvasLines: Int? {
    for node in nodes { if case .canvas(let lines) = node.operation { return lines } }
    return nil
  }

  /// The channels of the revision: 0 for plain enlargement, nil if there is no revision.
  public var revisionChannels: Int? {
    for node in nodes { if case .revision(let channels) = node.operation { return channels } }
    return nil
  }

  /// Returns the extents at which a picture of `height` × `width` is painted: those of the canvas, or of the picture if
  /// there is no canvas.
  public func canvasExtents(height: Int, width: Int) -> (height: Int, width: Int) {
    guard let lines = canvasLines else { return (height, width) }
    return Canvas.extents(lines: lines, height: height, width: width, multiple: max(1, sizeMultiple))
  }

  /// Returns this network with a canvas of `lines`, or unchanged if it has no canvas.
  ///
  /// - Throws: ``ModelError/invalidCanvas(lines:)`` if `lines` is not in ``Canvas/lines``.
  public func withCanvas(lines: Int) throws -> NetworkDefinition {
    guard Canvas.lines.contains(lines) else { throw ModelError.invalidCanvas(lines: lines) }
    guard canvasLines != nil else { return self }
    let nodes = nodes.map { node -> Node in
      guard case .canvas = node.operation else { return node }
      return Node(name: node.name, operation: .canvas(lines: lines), inputs: node.inputs)
    }
    return NetworkDefinition(name: name, width: width, nodes: nodes)
  }

  /// The part of the network that paints on the canvas, without the canvas and the revision and with the same parameter
  /// names. It can be trained on photos that have the canvas's size already. A network without a canvas is its own
  /// draft.
  public var draft: NetworkDefinition {
    guard canvasLines != nil || revisionChannels != nil else { return self }
    // The position of each node's value among the remaining nodes.
    var places: [Int] = []
    var kept: [Node] = []
    for node in nodes {
      let inputs = node.inputs.map { places.indices.contains($0) ? places[$0] : $0 }
      switch node.operation {
      case .canvas: places.append(inputs.first ?? 0)
      case .revision: places.append(inputs.last ?? 0)
      default:
        places.append(kept.count)
        kept.append(Node(name: node.name, operation: node.operation, inputs: inputs))
      }
    }
    return NetworkDefinition(name: name, width: width, nodes: kept)
  }
}
