import ArgumentParser
import Networks

/// A network as named in the benchmarks.
public struct NetworkChoice: Sendable {
  /// The given name: `johnson`, `realtime`, or a description.
  public let name: String
  /// The architecture.
  public let definition: NetworkDefinition

  /// Creates the network called `name` with its channels multiplied by `width`.
  ///
  /// - Throws: `ModelError` for an unknown name or a width out of range.
  public init(_ name: String, width: Double = 1) throws {
    self.name = name
    definition = try .named(name, width: width)
  }

  /// Creates a choice for the network of a model file.
  public init(_ definition: NetworkDefinition) {
    name = definition.name
    self.definition = definition
  }

  /// Returns `name` if there is such a network; for `transform:`.
  @Sendable public static func checkName(_ name: String) throws -> String {
    do {
      _ = try NetworkChoice(name)
      return name
    } catch {
      throw ValidationError("\(error)")
    }
  }

  /// The names of the predefined networks.
  public static let names = NetworkDefinition.names
}

extension NetworkDefinition {
  /// The name in results: `johnson` for that network at any width, and ``title`` for every other.
  public var resultName: String { name == "johnson" ? name : title }

  /// Returns the size to which the network extends a frame of `height` × `width`: the next multiples of
  /// ``sizeMultiple``, or the same size for a network with a canvas.
  public func frameExtents(height: Int, width: Int) -> (height: Int, width: Int) {
    guard canvasLines == nil else { return (height, width) }
    let multiple = max(1, sizeMultiple)
    func extended(_ extent: Int) -> Int { (extent + multiple - 1) / multiple * multiple }
    return (extended(height), extended(width))
  }
}
