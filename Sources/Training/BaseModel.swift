import Networks
import Tensors

/// The model that a training starts from: one of the same network, or of the same with fewer channels.
public enum BaseModel {
  /// Of independent random numbers, those for the shares of copies.
  private static let stream: UInt64 = 1 << 32
  /// What the names of a revision's parameters begin with.
  private static let revisionPrefix = "revision."

  /// The parameters for `definition` of the model file at `path`, widened where that is narrower.
  ///
  /// A base on another canvas, or without one, will do: a revision that the base lacks begins at nothing.
  ///
  /// Throws what `StyleModel.load(path:)` does, and ``TrainingError/foreignBase(file:found:expected:)`` where the file is of another
  /// network or where channels are no multiple of its own.
  public static func parameters(at path: String, for definition: NetworkDefinition, seed: UInt64) throws -> [String:
    Tensor]
  {
    let base = try StyleModel.load(path: path)
    if base.definition == definition { return base.parameters }
    let draft = StyleModel(
      definition: base.definition.draft, parameters: base.parameters.filter { !$0.key.hasPrefix(revisionPrefix) },
      style: base.style)
    guard draft.definition.hasKind(of: definition.draft),
      var parameters = widened(draft, to: definition.draft, seed: seed)
    else {
      throw TrainingError.foreignBase(
        file: path, found: "'\(base.definition.title)'",
        expected: "'\(definition.title)' or one of the kind whose channels divide its own")
    }
    let initial = NetworkExecutor.initialParameters(of: definition, seed: seed)
    for specification in definition.parameters where parameters[specification.name] == nil {
      let known = base.parameters[specification.name].flatMap { $0.shape.dimensions == specification.shape ? $0 : nil }
      parameters[specification.name] = known ?? initial[specification.name]
    }
    return parameters
  }

  /// Parameters with which `definition`, the network of `model` with multiples of its channels, paints the same pictures; nil where it is
  /// no such network.
  ///
  /// Channel `c` of the wide network is a copy of channel `c mod C`. Whoever reads copies shares the weight among them, at random so that
  /// training tells them apart: `w'[o, i] = s[o, i]·w[o mod O, i mod I]`, where the shares `s` of an input's copies add up to 1.
  /// T. Chen, I. Goodfellow, J. Shlens: Net2Net: Accelerating Learning via Knowledge Transfer, ICLR 2016.
  public static func widened(_ model: StyleModel, to definition: NetworkDefinition, seed: UInt64) -> [String: Tensor]? {
    var random = SplitMix64(seed: seed, stream: stream)
    var result: [String: Tensor] = [:]
    for specification in definition.parameters {
      guard let source = model.parameters[specification.name],
        let wide = widened(source, to: specification.shape, &random)
      else { return nil }
      result[specification.name] = wide
    }
    return result.count == model.parameters.count ? result : nil
  }

  /// One parameter, `[O]` or `[O, I, k, k]`.
  private static func widened(_ source: Tensor, to shape: [Int], _ random: inout SplitMix64) -> Tensor? {
    let narrow = source.shape.dimensions
    guard narrow.count == shape.count, zip(shape, narrow).allSatisfy({ $0 >= $1 && $0.isMultiple(of: $1) }),
      shape.dropFirst(2) == narrow.dropFirst(2)
    else { return nil }
    let result = Tensor(Shape(shape), zeroed: false)
    let inputs = narrow.count > 1 ? (narrow: narrow[1], wide: shape[1]) : (narrow: 1, wide: 1)
    let taps = shape.dropFirst(2).reduce(1, *)
    for output in 0..<shape[0] {
      for input in 0..<inputs.narrow {
        let shares = shares(count: inputs.wide / inputs.narrow, &random)
        let from = source.pointer + (output % narrow[0] * inputs.narrow + input) * taps
        for (copy, share) in shares.enumerated() {
          let target = result.pointer + (output * inputs.wide + copy * inputs.narrow + input) * taps
          for tap in 0..<taps { target[tap] = share * from[tap] }
        }
      }
    }
    return result
  }

  /// Random numbers that add up to 1, none more than thrice another.
  private static func shares(count: Int, _ random: inout SplitMix64) -> [Float] {
    guard count > 1 else { return [1] }
    let values = (0..<count).map { _ in 0.5 + random.uniform() }
    let sum = values.reduce(0, +)
    return values.map { $0 / sum }
  }
}
