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
