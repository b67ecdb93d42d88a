/// A node of a network: an operation on the values of earlier nodes.
public struct Node: Hashable, Codable, Sendable {
  /// The prefix of the parameter names; empty if there are no parameters.
  public let name: String
  /// The operation.
  public let operation: Operation
  /// The indices in ``NetworkDefinition/nodes`` of the nodes that it reads.
  public let inputs: [Int]

  /// Creates a node. Only operations with parameters need a name.
  public init(name: String = "", operation: Operation, inputs: [Int]) {
    self.name = name
    self.operation = operation
    self.inputs = inputs
  }
}
