import Networks
import Synchronization

/// The network of a style and what it costs, so that a person can choose between the styles of one painting.
package struct StyleNetwork: Codable, Equatable, Sendable {
  /// The name, or the description of a network without one.
  package let name: String
  /// The lines of its canvas; nil if it paints at the size of the frame.
  package let canvasLines: Int?
  /// The multiply-adds for a frame of 1280×720 in billions.
  package let cost: Double

  private static let known = Mutex<[String: StyleNetwork?]>([:])

  /// Looks up the network. Nil if this program does not know it.
  init?(_ name: String, width: Double) {
    let key = "\(name) \(width)"
    let found = Self.known.withLock { known -> StyleNetwork? in
      if let found = known[key] { return found }
      let found = Self.measured(name, width)
      // Cards are files that anybody may have written.
      if known.count > 256 { known.removeAll() }
      known[key] = .some(found)
      return found
    }
    guard let found else { return nil }
    self = found
  }

  private init(name: String, canvasLines: Int?, cost: Double) {
    self.name = name
    self.canvasLines = canvasLines
    self.cost = cost
  }

  private static func measured(_ name: String, _ width: Double) -> StyleNetwork? {
    guard name.utf8.count <= 200, let definition = try? NetworkDefinition.named(name, width: width) else { return nil }
    let draft = definition.draft
    let multiple = max(1, draft.sizeMultiple)
    let extents = definition.canvasExtents(height: 720, width: 1280)
    func rounded(_ extent: Int) -> Int { max(1, (extent + multiple / 2) / multiple) * multiple }
    let count = try? draft.multiplyAdds(height: rounded(extents.height), width: rounded(extents.width))
    return count.map {
      StyleNetwork(name: name, canvasLines: definition.canvasLines, cost: (Double($0) / 1e7).rounded() / 100)
    }
  }
}
