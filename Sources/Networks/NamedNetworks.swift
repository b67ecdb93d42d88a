extension NetworkDefinition {
  /// The names that ``named(_:width:)`` accepts besides the descriptions of ``NetworkDescription``. The fastest network
  /// is last.
  public static let names = references + ladder.map(\.name)

  /// `johnson` and its fractions. They are references for quality and speed, paint at the picture's own size, and are
  /// too slow for live video on most machines.
  public static let references = ["johnson", "half", "quarter"]

  /// The networks for video. Both paint on a canvas with a fixed number of lines and revise the result at full size,
  /// see ``Canvas``.
  ///
  /// `quality` has channels at the canvas's full resolution and more channels everywhere. `realtime` starts with pixel
  /// unshuffling by 2 and has a smaller canvas. `Benchmarks/ladder.py` compares both with other networks.
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

  /// Returns the architecture with a name, with the channels of every layer multiplied by `width`.
  ///
  /// `half` and `quarter` are `johnson` at a half and a quarter of `width`. `quality` and `realtime` stand for
  /// descriptions of a ``NetworkDescription``. Any other name is parsed as such a description:
  /// `dense:channels=8-16-32,blocks=4`.
  ///
  /// - Throws: ``ModelError`` for an unknown name, an invalid description, or a resulting width outside 0.125…4.
  public static func named(_ name: String, width: Double = 1) throws -> NetworkDefinition {
    let scales = ["johnson": 1.0, "half": 0.5, "quarter": 0.25]
    guard let scale = scales[name] else {
      let parsed = try NetworkDescription(ladder.first { $0.name == name }?.description ?? name)
      guard width >= 0.125, width <= 4 else { throw ModelError.invalidWidth(width) }
      return parsed.definition(width: width)
    }
    // A model file stores the resulting width, which must be valid when the file is read.
    guard scale * width >= 0.125, scale * width <= 4 else { throw ModelError.invalidWidth(scale * width) }
    return johnson(width: scale * width)
  }
}
