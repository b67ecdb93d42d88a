/// A network with a name. Every other network has a description, see ``NetworkDescription``.
public struct NamedNetwork: Sendable {
  /// The name, which ``NetworkDefinition/named(_:width:)`` accepts.
  public let name: String
  /// What the network is for, a clause without a full stop for the help of programs.
  public let summary: String
  /// Whether the network is a reference for quality and speed. References paint at the picture's own size, are too slow
  /// for live video on most machines, and are trained without the loss for temporal stability.
  public let isReference: Bool
  /// The width of `architecture` that has this name.
  fileprivate let width: Double
  /// Returns the network with the channels of every layer multiplied by a width.
  fileprivate let architecture: @Sendable (_ width: Double) throws -> NetworkDefinition

  /// All networks with names. The fastest is last.
  ///
  /// `quality` has channels at the canvas's full resolution and more channels everywhere. `realtime` starts with pixel
  /// unshuffling by 2 and has a smaller canvas. `Benchmarks/ladder.py` compares both with other networks.
  public static let all = [
    reference("johnson", "the network of Johnson et al. (2016), a reference", width: 1) { .johnson(width: $0) },
    reference("half", "johnson with half the channels, a reference", width: 0.5) { .johnson(width: $0) },
    reference("quarter", "johnson with a quarter of the channels, a reference", width: 0.25) { .johnson(width: $0) },
    described(
      "quality", "for films that may take longer, with more channels on a finer canvas",
      "dense:head=full,tail=upsample,channels=16-32-64,detail=16,blocks=5,kernel=9,norm=instance,canvas=320,revision=8"),
    described(
      "realtime", "fast enough for live video",
      "dense:head=unshuffle2,tail=upsample,channels=16-24-48,detail=0,blocks=5,norm=instance,canvas=256,revision=8"),
  ]

  private static func reference(
    _ name: String, _ summary: String, width: Double,
    _ architecture: @escaping @Sendable (_ width: Double) -> NetworkDefinition
  ) -> NamedNetwork {
    NamedNetwork(name: name, summary: summary, isReference: true, width: width, architecture: architecture)
  }

  private static func described(_ name: String, _ summary: String, _ description: String) -> NamedNetwork {
    NamedNetwork(name: name, summary: summary, isReference: false, width: 1) {
      try NetworkDescription(description).definition(width: $0)
    }
  }
}

extension NetworkDefinition {
  /// The names that ``named(_:width:)`` accepts besides the descriptions of ``NetworkDescription``. The fastest network
  /// is last.
  public static let names = NamedNetwork.all.map(\.name)

  /// The names of the references, see ``NamedNetwork/isReference``.
  public static let references = NamedNetwork.all.filter(\.isReference).map(\.name)

  /// Returns the architecture with a name, with the channels of every layer multiplied by `width`.
  ///
  /// A name that is not in ``NamedNetwork/all`` is parsed as a ``NetworkDescription``:
  /// `dense:channels=8-16-32,blocks=4`.
  ///
  /// - Throws: ``ModelError`` for an unknown name, an invalid description, or a resulting width outside 0.125…4. The
  ///   resulting width of `half` is half of `width`.
  public static func named(_ name: String, width: Double = 1) throws -> NetworkDefinition {
    let known = NamedNetwork.all.first { $0.name == name }
    let architecture = try known?.architecture ?? NetworkDescription(name).definition(width:)
    // A model file stores the resulting width, which must be valid when the file is read.
    let resulting = width * (known?.width ?? 1)
    guard (0.125...4).contains(resulting) else { throw ModelError.invalidWidth(resulting) }
    return try architecture(resulting)
  }
}
