extension NetworkDefinition {
  /// The name to show to users: one of ``names`` if the nodes match, such as `half` for `johnson` at half its width;
  /// otherwise ``name``, and ``width`` if it is not 1.
  public var title: String {
    if let known = Self.names.first(where: { (try? Self.named($0))?.nodes == nodes }) { return known }
    return width == 1 ? name : "\(name), width × \(width)"
  }
}
