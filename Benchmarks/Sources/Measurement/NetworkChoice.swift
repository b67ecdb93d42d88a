import ArgumentParser
import Networks

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
