/// One node of a network: an operation on earlier nodes.
public struct Node: Hashable, Codable, Sendable {
  /// The prefix of its parameters' names; empty where it has none.
  public let name: String
  /// What it computes.
  public let operation: Operation
  /// The positions in ``NetworkDefinition/nodes`` of what it reads.
  public let inputs: [Int]

  /// A node; `name` matters only where the operation has parameters.
  public init(name: String = "", operation: Operation, inputs: [Int]) {
    self.name = name
    self.operation = operation
    self.inputs = inputs
  }
}
