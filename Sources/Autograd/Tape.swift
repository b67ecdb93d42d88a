import Kernels
import Tensors
import Threading

/// Records operations as they run and then applies their gradient rules in reverse order.
///
/// A tape records one step; `backward()` empties it. Each rule frees the tensors it has used, so memory peaks during
/// the forward pass.
package final class Tape {
  /// The threads that run the kernels.
  package let pool: ComputePool
  /// Allocates values, gradients and scratch memory.
  package let allocator: TensorAllocator

  /// The lowest precision that the products of convolutions and of their input gradients may have.
  package let precision: ProductPrecision

  /// Records the time of each operation, if set.
  package var times: OperationTimes?

  private struct Record {
    /// The operation's name in ``times``; empty without them.
    let name: String
    let output: Variable
    let rule: (Tensor) -> Void
  }

  private var records: [Record] = []

  /// Creates an empty tape.
  package init(pool: ComputePool, allocator: TensorAllocator, precision: ProductPrecision = .float32) {
    self.pool = pool
    self.allocator = allocator
    self.precision = precision
  }

  /// Returns a tensor with uninitialized elements.
  func uninitialized(_ shape: Shape) -> Tensor { Tensor(shape, zeroed: false, allocator: allocator) }

  /// Calls `body` with uninitialized memory for `count` floats, which is valid only during the call.
  func withScratch(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) {
    let memory = Tensor.scratch(count: count, allocator: allocator)
    // The pointer alone does not keep the tensor alive.
    withExtendedLifetime(memory) { body(memory.pointer) }
  }

  /// Calls `body` with uninitialized memory for `count` doubles, which is valid only during the call.
  func withDoubleScratch(_ count: Int, _ body: (UnsafeMutablePointer<Double>) -> Void) {
    withScratch(2 * count) { $0.withMemoryRebound(to: Double.self, capacity: count, body) }
  }

  /// Records an operation.
  ///
  /// - Parameters:
  ///   - value: The result.
  ///   - inputs: The operands. The tape records the operation only if one of them requires a gradient.
  ///   - rule: Receives the gradient of the result, which it may overwrite, and adds to the gradients of the operands.
  func record(
    _ value: Tensor, inputs: [Variable], operation: StaticString = #function, rule: @escaping (Tensor) -> Void
  ) -> Variable {
    let isNeeded = inputs.contains { $0.requiresGradient }
    let output = Variable(value, requiresGradient: isNeeded)
    let name = mark(value.shape, operation)
    if isNeeded { records.append(Record(name: name, output: output, rule: rule)) }
    return output
  }

  /// Adds the time since the last mark to `operation`, a function name, and returns the operation's name in ``times``.
  @discardableResult
  func mark(_ shape: Shape, _ operation: StaticString = #function) -> String {
    guard let times else { return "" }
    let name = "\(operation.description.prefix { $0 != "(" }) \(shape)"
    times.addForward(name)
    return name
  }

  /// Returns the gradient of `variable` to add to. It starts at zero.
  func accumulator(_ variable: Variable) -> Tensor {
    if let gradient = variable.gradient { return gradient }
    let gradient = Tensor(variable.value.shape, zeroed: true, allocator: allocator)
    variable.gradient = gradient
    return gradient
  }

  /// Adds to the gradient of `variable` what `write` stores in an uninitialized tensor of its shape.
  func contribute(to variable: Variable, _ write: (UnsafeMutablePointer<Float>) -> Void) {
    let result = uninitialized(variable.value.shape)
    withExtendedLifetime(result) { write(result.pointer) }
    add(result, to: variable)
  }

  /// Adds `gradient` to the gradient of `variable`, for a loss computed outside the tape.
  ///
  /// The tape copies the values, because rules change gradients in place.
  ///
  /// - Parameters:
  ///   - variable: The output to seed.
  ///   - first: The image of `variable` that the first image of `gradient` belongs to.
  ///   - gradient: `∂loss/∂variable` of one or more images.
  package func seed(_ variable: Variable, from first: Int = 0, gradient: Tensor) {
    let shape = variable.value.shape
    let stride = shape.count / max(1, shape.dimensions.first ?? 1)
    precondition(
      gradient.shape.dimensions.dropFirst() == shape.dimensions.dropFirst() && first >= 0
        && first * stride + gradient.count <= shape.count, "a gradient of shape \(gradient.shape) for \(shape)")
    let sum = accumulator(variable)
    let target = sum.pointer + first * stride
    Pointwise.add(target, gradient.pointer, output: target, count: gradient.count, pool: pool)
  }

  /// Records a rule that adds to the gradient of `variable` in the backward pass, before the rules of all operations
  /// recorded earlier: for losses whose gradient is not known yet.
  ///
  /// - Parameter rule: Receives the gradient, which includes the contributions of all operations recorded later.
  package func recordGradient(of variable: Variable, _ rule: @escaping (Tensor) -> Void) {
    guard variable.requiresGradient else { return }
    let marker = Variable(variable.value, requiresGradient: true)
    // A rule runs only if its output has a gradient. Nothing reads this one.
    marker.gradient = Tensor(Shape([1]))
    records.append(Record(name: mark(variable.value.shape), output: marker) { [self] _ in rule(accumulator(variable)) })
  }

  /// Runs the rules from the last operation to the first and empties the tape.
  ///
  /// Leaves keep their gradients. The tape releases the gradient of an intermediate value as soon as its rule has run.
  package func backward() {
    while let record = records.popLast() {
      guard let gradient = record.output.gradient else { continue }
      record.output.gradient = nil
      record.rule(gradient)
      times?.addBackward(record.name)
    }
  }
}
