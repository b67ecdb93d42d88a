extension NetworkDefinition {
  /// The names that ``named(_:width:)`` knows besides the descriptions of ``CandidateNetwork``, the fastest last.
  public static let names = references + ladder.map(\.name)

  /// `johnson` and its fractions: references of quality and speed, too slow for live pictures on most machines.
  public static let references = ["johnson", "half", "quarter"]

  /// The networks below the references, found by measurement (The Starry Night, 300 steps from random values;
  /// `Benchmarks/ladder.py` repeats it): the objective of `standard` is 1.05 and 1.07 times that of `half` on two machines, and that of
  /// `realtime` equals it, where it was 1.12 times that without filter and grain; the time is a fifth and a ninth.
  ///
  /// The smoothing filter in front of `realtime` takes the noise out of flat areas, and the grain gives strokes there something else to hold
  /// on to; `Benchmarks/steadiness.py` measures what both do.
  /// Ends that shuffle 4×4 pixels are as fast, but paint a visible grid; stored statistics score worse than those of each picture.
  private static let ladder: [(name: String, description: String)] = [
    ("standard", "dense:head=strided,tail=upsample,channels=8-16-32,detail=8,blocks=2,norm=instance"),
    (
      "realtime",
      "dense:head=unshuffle4,tail=upsample,channels=8-16-32,detail=0,blocks=1,norm=instance,smooth=14,grain=6"
    ),
  ]

  /// The architecture called `name`, its channels multiplied by `width`.
  ///
  /// `half` and `quarter` are `johnson` at a half and a quarter of `width`; `standard` and `realtime` are descriptions of a
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
