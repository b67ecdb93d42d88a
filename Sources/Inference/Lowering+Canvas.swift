import Kernels
import Networks

/// The revision at the end of a network, from the canvas to the film.
struct LoweredRevision: Hashable {
  /// The node's name.
  let layer: String
  /// Channels between its convolutions; none for plain enlargement.
  let channels: Int

  /// The revision that `node` is, if it is one.
  init?(_ node: Node) {
    guard case .revision(let channels) = node.operation else { return nil }
    self.layer = node.name
    self.channels = channels
  }
}

/// Canvas and revision: what lies between them is a network on pictures of the canvas' size.
extension Lowering {
  /// Whether canvas and revision are where they belong. The nodes read earlier ones by now, each as many as it must.
  func checkCanvas() throws {
    for (index, node) in nodes.enumerated() {
      switch node.operation {
      case .canvas(let lines):
        guard index == root else { throw malformed(index, "a network has one canvas") }
        guard node.inputs == [0], readers[0].allSatisfy({ $0 == index || nodes[$0].operation.isRevision }) else {
          throw malformed(index, "a canvas reads the input, and nothing but a revision may read that beside it")
        }
        guard Canvas.lines.contains(lines) else {
          throw malformed(
            index,
            "a canvas of \(lines) lines, expected \(Canvas.lines.lowerBound) to \(Canvas.lines.upperBound)")
        }
        guard revision != nil else { throw malformed(index, "a canvas without a revision at the end") }
      case .revision(let channels):
        guard index == nodes.count - 1, root != 0, node.inputs[0] == 0, node.inputs[1] >= root else {
          throw malformed(index, "a revision ends a network with a canvas, and reads the input and what was painted")
        }
        guard channels == 0 || Canvas.revisions.contains(channels) else {
          throw malformed(
            index,
            "a revision of \(channels) channels, expected 0 or \(Canvas.revisions.lowerBound) to "
              + "\(Canvas.revisions.upperBound)")
        }
      default: break
      }
    }
  }
}
