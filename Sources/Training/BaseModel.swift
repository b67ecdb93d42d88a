import Networks
import Tensors

/// Loads a base model for fine-tuning: a model of the same network, or of the same kind of network with fewer channels.
package enum BaseModel {
  /// The random stream of the copies' shares.
  private static let stream: UInt64 = 1 << 32
  /// The prefix of the names of a revision's parameters.
  private static let revisionPrefix = "revision."

  /// Loads the parameters for `definition` from the model file at `path` and widens them if the model has fewer
  /// channels.
  ///
  /// The canvas of the base may differ or be missing. A revision that the base lacks gets its initial parameters.
  ///
  /// - Parameter seed: The seed of the random numbers for widening and initialization.
  /// - Throws: The errors of `StyleModel.load(path:)`, and ``TrainingError/incompatibleBase(file:found:expected:)`` if
  ///   the file holds another kind of network or the channels are not multiples of its channels.
  package static func parameters(at path: String, for definition: NetworkDefinition, seed: UInt64) throws -> [String:
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
      throw TrainingError.incompatibleBase(
        file: path, found: "'\(base.definition.title)'",
        expected: "'\(definition.title)' or the same kind of network with channels that divide its channels")
    }
    let initial = NetworkExecutor.initialParameters(of: definition, seed: seed)
    for specification in definition.parameters where parameters[specification.name] == nil {
      let known = base.parameters[specification.name].flatMap { $0.shape.dimensions == specification.shape ? $0 : nil }
      parameters[specification.name] = known ?? initial[specification.name]
    }
    return parameters
  }

  /// Widens the parameters of `model` to `definition`, the same kind of network with multiples of its channels.
  ///
  /// The wide network computes the same function. Channel `c` is a copy of channel `c mod C`. A layer that reads the
  /// copies splits the original weight among them at random, so that training can tell them apart:
  /// `w'[o, i] = s[o, i]·w[o mod O, i mod I]`, where the shares `s` of the copies of an input add up to 1. T. Chen, I.
  /// Goodfellow, J. Shlens: Net2Net: Accelerating Learning via Knowledge Transfer, ICLR 2016.
  ///
  /// - Returns: The parameters, or nil if `definition` is not such a network.
  package static func widened(_ model: StyleModel, to definition: NetworkDefinition, seed: UInt64) -> [String: Tensor]?
  {
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

  /// Widens a parameter of shape `[O]` or `[O, I, k, k]`; nil if `shape` is not a multiple.
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

  /// Returns random numbers that add up to 1. None is more than three times another.
  private static func shares(count: Int, _ random: inout SplitMix64) -> [Float] {
    guard count > 1 else { return [1] }
    let values = (0..<count).map { _ in 0.5 + random.uniform() }
    let sum = values.reduce(0, +)
    return values.map { $0 / sum }
  }
}
