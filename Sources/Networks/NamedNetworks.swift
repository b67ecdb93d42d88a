extension NetworkDefinition {
  /// The names that ``named(_:width:)`` knows besides the descriptions of ``CandidateNetwork``, the fastest last.
  public static let names = references + ladder.map(\.name)

  /// `johnson` and its fractions: references of quality and speed, which paint at the film's own size and are too slow for live pictures on
  /// most machines.
  public static let references = ["johnson", "half", "quarter"]

  /// The networks for films: both paint on a canvas of a fixed number of lines and revise at the film's size, see ``Canvas``.
  ///
  /// `quality` has channels at the canvas' full resolution and more of them everywhere; `realtime` enters through 2×2 pixels as channels,
  /// on a smaller canvas. `Benchmarks/ladder.py` measures both beside others.
  private static let ladder: [(name: String, description: String)] = [
    (
      "quality",
      "dense:head=full,tail=upsample,channels=16-32-64,detail=16,blocks=5,kernel=9,norm=instance,canvas=320,revision=8"
    ),
    (
      "realtime",
      "dense:head=unshuffle2,tail=upsample,channels=16-24-48,detail=0,blocks=5,norm=instance,canvas=256,revision=8"
    ),
  ]

  /// The architecture called `name`, its channels multiplied by `width`.
  ///
  /// `half` and `quarter` are `johnson` at a half and a quarter of `width`; `quality` and `realtime` are descriptions of a
  /// ``CandidateNetwork``, and everything else is read as such a description: `dense:channels=8-16-32,blocks=4`. Throws ``ModelError``
  /// for an unknown name, for a description that makes no network, or where the resulting width lies outside 0.125…4.
  public static func named(_ name: String, width: Double = 1) throws -> NetworkDefinition {
    let scales = ["johnson": 1.0, "half": 0.5, "quarter": 0.25]
    guard let scale = scales[name] else {
      let candidate = try CandidateNetwork(ladder.first { $0.name == name }?.description ?? name)
      guard width >= 0.125, width <= 4 else { throw ModelError.invalidWidth(width) }
      return candidate.definition(width: width)
    }
    // A model file names the resulting width: what is built here must be readable there.
    guard scale * width >= 0.125, scale * width <= 4 else { throw ModelError.invalidWidth(scale * width) }
    return johnson(width: scale * width)
  }
}
