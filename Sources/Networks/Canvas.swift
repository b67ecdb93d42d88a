/// The small picture that a network paints on in place of a film's own: strokes are then as large beside the picture at any film size.
public enum Canvas {
  /// The pixels that the short side of a canvas may have.
  public static let lines = 64...1024
  /// The channels that a revision may have; it may have none, too.
  public static let revisions = 4...32

  /// The extents of the canvas of a film of `height` × `width` pixels, each at least 1.
  ///
  /// The short side has `lines` pixels, the other follows the film's ratio, and both are rounded to the nearest multiple of `multiple`, at
  /// least one of it. A film whose short side has no more than `lines` pixels keeps its size but for the rounding.
  public static func extents(
    lines: Int, height: Int, width: Int, multiple: Int
  ) -> (height: Int, width: Int) {
    let short = min(height, width)
    // A ratio of whole numbers: the same extents on every machine.
    let (numerator, denominator) = short > max(lines, 1) ? (max(lines, 1), short) : (1, 1)
    func rounded(_ extent: Int) -> Int {
      let unit = 2 * denominator * multiple
      return max(1, (2 * extent * numerator + denominator * multiple) / unit) * multiple
    }
    return (rounded(height), rounded(width))
  }
}

extension NetworkDefinition {
  /// The lines of the canvas that pictures are painted on; nil where they are painted at their own size.
  public var canvasLines: Int? {
    for node in nodes { if case .canvas(let lines) = node.operation { return lines } }
    return nil
  }

  /// The channels of the revision behind the draft; nil where there is none, 0 where it is plain enlargement.
  public var revisionChannels: Int? {
    for node in nodes { if case .revision(let channels) = node.operation { return channels } }
    return nil
  }

  /// The extents at which a picture of `height` × `width` is painted: those of the canvas, or its own where there is none.
  public func canvasExtents(height: Int, width: Int) -> (height: Int, width: Int) {
    guard let lines = canvasLines else { return (height, width) }
    return Canvas.extents(lines: lines, height: height, width: width, multiple: max(1, sizeMultiple))
  }

  /// The same network on a canvas of `lines`; the network itself where it has none.
  ///
  /// Throws ``ModelError/invalidCanvas(lines:)`` for lines outside ``Canvas/lines``.
  public func withCanvas(lines: Int) throws -> NetworkDefinition {
    guard Canvas.lines.contains(lines) else { throw ModelError.invalidCanvas(lines: lines) }
    guard canvasLines != nil else { return self }
    let nodes = nodes.map { node -> Node in
      guard case .canvas = node.operation else { return node }
      return Node(name: node.name, operation: .canvas(lines: lines), inputs: node.inputs)
    }
    return NetworkDefinition(name: name, width: width, nodes: nodes)
  }

  /// What is painted on the canvas, as a network of its own: without canvas and revision, the parameters' names the same. It is trained on
  /// photos that have the canvas' size already. The network itself where it has no canvas.
  public var draft: NetworkDefinition {
    guard canvasLines != nil || revisionChannels != nil else { return self }
    // Where each node's value is found among those that stay.
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
