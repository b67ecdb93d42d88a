/// The losses of a step by name, weights applied, as means over the images of a batch.
public struct LossParts: Sendable, Equatable {
  /// The losses in the order in which they were first added, in which sums are formed.
  private var parts: [(name: LossName, value: Double)] = []

  /// Creates losses without a part.
  public init() {}

  /// The names of the parts, in the order in which they were first added.
  public var names: [LossName] { parts.map(\.name) }

  /// The loss of this name; nil if it is not among the parts.
  public subscript(name: LossName) -> Double? { parts.first { $0.name == name }?.value }

  /// The sum of a group; 0 if it has no parts.
  public subscript(group: LossGroup) -> Double { parts.reduce(0) { $1.name.group == group ? $0 + $1.value : $0 } }

  /// The sum of all groups.
  public var total: Double { LossGroup.allCases.reduce(0) { $0 + self[$1] } }

  /// Adds `value` to the loss of this name.
  public mutating func add(_ value: Double, to name: LossName) {
    if let index = parts.firstIndex(where: { $0.name == name }) {
      parts[index].value += value
    } else {
      parts.append((name, value))
    }
  }

  /// The name, for messages, of the first part that is not a finite number, if any. Groups come in their order.
  public var nonFinitePart: String? {
    for group in LossGroup.allCases {
      if let part = parts.first(where: { $0.name.group == group && !$0.value.isFinite }) { return part.name.title }
    }
    return nil
  }

  /// Whether both have the same parts in the same order.
  public static func == (_ a: LossParts, _ b: LossParts) -> Bool { a.parts.elementsEqual(b.parts) { $0 == $1 } }

  /// Adds two sets of losses part by part.
  static func + (_ a: LossParts, _ b: LossParts) -> LossParts {
    var sum = a
    for part in b.parts { sum.add(part.value, to: part.name) }
    return sum
  }

  /// Returns the mean of several losses, part by part. A part that is absent counts as 0.
  public static func mean(_ losses: [LossParts]) -> LossParts {
    let scale = 1 / Double(max(losses.count, 1))
    var mean = losses.reduce(LossParts(), +)
    for index in mean.parts.indices { mean.parts[index].value *= scale }
    return mean
  }
}
