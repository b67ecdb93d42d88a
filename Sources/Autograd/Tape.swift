import Kernels
import Tensors
import Threading

/// Records operations as they are computed and runs their gradient rules in reverse.
///
/// One tape serves one step: `backward` empties it, and what a rule has used up returns to the allocator at once, so that the
/// peak of memory is that of the forward pass.
public final class Tape {
  /// Runs the kernels.
  public let pool: ComputePool
  /// Where values, gradients and scratch come from.
  public let allocator: TensorAllocator

  /// Gathers the time of each operation, where it is wanted.
  public var times: OperationTimes?

  private struct Record {
    /// What ``times`` knows the operation by; empty without it.
    let name: String
    let output: Variable
    let rule: (Tensor) -> Void
  }

  private var records: [Record] = []

  /// An empty tape.
  public init(pool: ComputePool, allocator: TensorAllocator) {
    self.pool = pool
    self.allocator = allocator
  }

  /// A tensor whose elements are not set.
  func uninitialized(_ shape: Shape) -> Tensor { Tensor(shape, zeroed: false, allocator: allocator) }

  /// Lends `body` memory for `count` floats, whose values are not set.
  func withScratch(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) {
    let memory = Tensor.scratch(count: count, allocator: allocator)
    // The pointer alone does not keep the tensor alive.
    withExtendedLifetime(memory) { body(memory.pointer) }
  }

  /// Lends `body` memory for `count` doubles, whose values are not set.
  func withDoubleScratch(_ count: Int, _ body: (UnsafeMutablePointer<Double>) -> Void) {
    withScratch(2 * count) { $0.withMemoryRebound(to: Double.self, capacity: count, body) }
  }

  /// Adds an operation's result; `rule` receives the result's gradient and passes it on to the operation's inputs.
  func record(
    _ value: Tensor, inputs: [Variable], operation: StaticString = #function, rule: @escaping (Tensor) -> Void
  ) -> Variable {
    let isNeeded = inputs.contains { $0.requiresGradient }
    let output = Variable(value, requiresGradient: isNeeded)
    let name = mark(value.shape, operation)
    if isNeeded { records.append(Record(name: name, output: output, rule: rule)) }
    return output
  }

  /// Counts the time since the last mark as that of `operation`, a function's name, and returns the operation's full name.
  @discardableResult
  func mark(_ shape: Shape, _ operation: StaticString = #function) -> String {
    guard let times else { return "" }
    let name = "\(operation.description.prefix { $0 != "(" }) \(shape)"
    times.addForward(name)
    return name
  }

  /// The gradient of `variable` to add to, zero at first.
  func accumulator(_ variable: Variable) -> Tensor {
    if let gradient = variable.gradient { return gradient }
    let gradient = Tensor(variable.value.shape, zeroed: true, allocator: allocator)
    variable.gradient = gradient
    return gradient
  }

  /// Gives `variable` the gradient that `write` puts into an unset tensor, or adds it to the one that is there.
  func contribute(to variable: Variable, _ write: (UnsafeMutablePointer<Float>) -> Void) {
    let result = uninitialized(variable.value.shape)
    withExtendedLifetime(result) { write(result.pointer) }
    add(result, to: variable)
  }

  /// Sets the gradient seed of `variable` for losses that are computed outside the tape: `∂loss/∂variable += gradient`.
  ///
  /// The values are added to memory of the tape's own: rules change gradients in place. A `gradient` of fewer images counts from image
  /// `first` on.
  public func seed(_ variable: Variable, from first: Int = 0, gradient: Tensor) {
    let shape = variable.value.shape
    let stride = shape.count / max(1, shape.dimensions.first ?? 1)
    precondition(
      gradient.shape.dimensions.dropFirst() == shape.dimensions.dropFirst() && first >= 0
        && first * stride + gradient.count <= shape.count, "gradient \(gradient.shape) for \(shape)")
    let sum = accumulator(variable)
    let target = sum.pointer + first * stride
    Pointwise.add(target, gradient.pointer, output: target, count: gradient.count, pool: pool)
  }

  /// Runs the rules from the last operation to the first, and empties the tape.
  ///
  /// Gradients of intermediate values are dropped as soon as they have been passed on; leaves keep theirs.
  public func backward() {
    while let record = records.popLast() {
      guard let gradient = record.output.gradient else { continue }
      record.output.gradient = nil
      record.rule(gradient)
      times?.addBackward(record.name)
    }
  }
}
