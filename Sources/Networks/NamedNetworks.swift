extension NetworkDefinition {
  /// The names that ``named(_:width:)`` knows besides the descriptions of ``CandidateNetwork``.
  public static let names = ["johnson", "half", "quarter"]

  /// The architecture called `name`, its channels multiplied by `width`.
  ///
  /// `half` and `quarter` are `johnson` at a half and a quarter of `width`; everything else is read as the description of a
  /// ``CandidateNetwork``, such as `dense:channels=8-16-32,blocks=4`. Throws ``ModelError`` for an unknown name, for a
  /// description that makes no network, or where the resulting width lies outside 0.125…4.
  public static func named(_ name: String, width: Double = 1) throws -> NetworkDefinition {
    let scales = ["johnson": 1.0, "half": 0.5, "quarter": 0.25]
    guard let scale = scales[name] else {
      let candidate = try CandidateNetwork(name)
      guard width >= 0.125, width <= 4 else { throw ModelError.invalidWidth(width) }
      return candidate.definition(width: width)
    }
    // A model file names the resulting width: what is built here must be readable there.
    guard scale * width >= 0.125, scale * width <= 4 else { throw ModelError.invalidWidth(scale * width) }
    return johnson(width: scale * width)
  }
}
