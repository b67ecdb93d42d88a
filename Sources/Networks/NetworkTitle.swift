extension NetworkDefinition {
  /// What people know the architecture by: one of ``names`` where it is theirs, such as `half` for `johnson` at half its width,
  /// else ``name``, with its ``width`` where that is not 1.
  public var title: String {
    if let known = Self.names.first(where: { (try? Self.named($0))?.nodes == nodes }) { return known }
    return width == 1 ? name : "\(name), width × \(width)"
  }
}
