import Networks

/// The revision at the end of a network, from the canvas to the frame.
struct LoweredRevision: Hashable {
  /// The name of the node.
  let layer: String
  /// The number of channels between its convolutions; 0 for plain enlargement.
  let channels: Int

  /// Creates the revision of `node`, or returns nil if it is not a revision.
  init?(_ node: Node) {
    guard case .revision(let channels) = node.operation else { return nil }
    self.layer = node.name
    self.channels = channels
  }
}
