import ArgumentParser
import Networks
import Tensors

/// A network as the benchmarks name it.
public struct NetworkChoice: Sendable {
  /// As given: `johnson`, `realtime`, or a description.
  public let name: String
  /// The architecture.
  public let definition: NetworkDefinition

  /// The network called `name`, its channels multiplied by `width`. Throws `ModelError` for an unknown name or a width out of range.
  public init(_ name: String, width: Double = 1) throws {
    self.name = name
    definition = try .named(name, width: width)
  }

  /// The network of a model file.
  public init(_ definition: NetworkDefinition) {
    name = definition.name
    self.definition = definition
  }

  /// `name` if there is such a network; for `transform:`.
  @Sendable public static func checkName(_ name: String) throws -> String {
    do {
      _ = try NetworkChoice(name)
      return name
    } catch {
      throw ValidationError("\(error)")
    }
  }

  /// The names of the well-known ones.
  public static let names = NetworkDefinition.names
}

extension NetworkDefinition {
  /// The name in results: `johnson` for that network at any width, and ``title`` for every other.
  public var resultName: String { name == "johnson" ? name : title }

  /// The extents of a film's frame of `height` × `width` as the network takes them in: the next multiples of ``sizeMultiple``, or just these
  /// where a canvas takes any.
  public func frameExtents(height: Int, width: Int) -> (height: Int, width: Int) {
    guard canvasLines == nil else { return (height, width) }
    let multiple = max(1, sizeMultiple)
    func extended(_ extent: Int) -> Int { (extent + multiple - 1) / multiple * multiple }
    return (extended(height), extended(width))
  }
}

/// Random weights: they paint nothing, but take the time that trained ones take.
public enum RandomModel {
  /// A model of `definition`, the same for the same `seed`.
  ///
  /// Convolutions are uniform in ±1/√fanIn. Instance norms get a factor in 0.5…1.5 and a term in ±0.5, so that a comparison with
  /// another implementation notices a parameter in the wrong place.
  public static func make(_ definition: NetworkDefinition, seed: UInt64) -> StyleModel {
    var random = Generator(state: seed)
    var parameters: [String: Tensor] = [:]
    for specification in definition.parameters {
      let shape = Shape(specification.shape)
      let (center, radius): (Float, Float) =
        switch specification.initialization {
        case .uniform(let fanIn), .interpolation(_, let fanIn): (0, 1 / Float(fanIn).squareRoot())
        case .constant(let value): (value, 0.5)
        }
      let elements = (0..<shape.count).map { _ in Float.random(in: center - radius...center + radius, using: &random) }
      parameters[specification.name] = Tensor(shape, elements: elements)
    }
    return StyleModel(definition: definition, parameters: parameters, style: "random-\(seed)")
  }

  /// SplitMix64, see G. Steele, D. Lea, C. Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014.
  private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
      return mixed ^ (mixed >> 31)
    }
  }
}
