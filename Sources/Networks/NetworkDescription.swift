/// A network described by a few choices in a line of text.
///
/// A description is the name of a preset and the choices that differ from it: `dense`,
/// `phone:channels=8-16-32,detail=4`. Every network reduces the picture by strided convolutions or pixel unshuffling,
/// runs residual blocks, and returns to full size by nearest upsampling with convolutions or by pixel shuffling.
/// ``description`` lists every choice, so that a model file keeps its meaning if a preset changes.
public struct NetworkDescription: Hashable, Sendable, CustomStringConvertible {
  /// The first layer of the network.
  public enum Head: String, Hashable, Sendable, CaseIterable {
    /// A convolution at full resolution.
    case full
    /// A 3×3 convolution with stride 2.
    case strided
    /// Pixel unshuffling by 2, then a 3×3 convolution at half the resolution.
    case unshuffle2
    /// Pixel unshuffling by 4, then a 3×3 convolution at a quarter of the resolution.
    case unshuffle4
  }

  /// The kind of 3×3 convolution.
  public enum Filter: String, Hashable, Sendable, CaseIterable {
    /// A dense convolution: every output channel depends on every input channel.
    case dense
    /// A depthwise 3×3 convolution followed by a 1×1 convolution.
    case separable
  }

  /// The last layers of the network.
  public enum Tail: String, Hashable, Sendable, CaseIterable {
    /// Nearest ×2 upsampling with 3×3 convolutions to full resolution, then a convolution to RGB. If
    /// ``NetworkDescription/detail`` is 0, the convolution of the last upsampling outputs RGB and is the only layer at
    /// full resolution.
    case upsample
    /// Upsampling to half the resolution, then a 3×3 convolution to 12 channels and a pixel shuffle by 2.
    case shuffle2
    /// Upsampling to a quarter of the resolution, then a 3×3 convolution to 48 channels and a pixel shuffle by 4.
    case shuffle4
  }

  /// The normalisation after a convolution.
  public enum Norm: String, Hashable, Sendable, CaseIterable {
    /// Instance normalisation.
    case instance
    /// Batch normalisation by stored statistics, which folds into the convolution.
    case batch
    /// No normalisation, only the bias of the convolution.
    case none
  }

  /// The first layer of the network.
  public var head = Head.strided
  /// The convolutions that reduce and enlarge the picture.
  public var stages = Filter.dense
  /// The convolutions in residual blocks.
  public var block = Filter.dense
  /// The last layers of the network.
  public var tail = Tail.upsample
  /// The channels at full, half, quarter and optionally eighth resolution: three or four numbers. The residual blocks
  /// have the last.
  public var channels = [8, 16, 32]
  /// The channels at full resolution after upsampling; 0 for none. Used only with ``Tail/upsample``.
  public var detail = 8
  /// The number of residual blocks, each with two convolutions.
  public var blocks = 4
  /// The kernel size of convolutions at full resolution: 3, 5, 7 or 9.
  public var kernel = 3
  /// The normalisation of the convolutions that reduce and enlarge the picture.
  public var norm = Norm.batch
  /// The normalisation of the convolutions in residual blocks.
  public var blockNorm = Norm.batch
  /// The number of lines of the canvas, in ``Canvas/lines``; 0 to paint at the picture's own size.
  public var canvas = 0
  /// The channels of the revision, in ``Canvas/revisions``; 0 for plain enlargement. Ignored without a canvas.
  public var revision = 8

  /// The names of the presets.
  public static let presetNames = ["separable", "dense", "phone"]

  /// Creates a preset.
  ///
  /// `separable` follows the network of Google Stadia's style transfer. `dense` runs dense 3×3 blocks after pixel
  /// unshuffling. `phone` has few channels at full resolution, as networks for phones do.
  private init?(preset: Substring) {
    switch preset {
    case "separable":
      (stages, block, channels, blocks) = (.separable, .separable, [16, 32, 64], 15)
    case "dense":
      (head, tail) = (.unshuffle4, .shuffle4)
    case "phone":
      (head, detail) = (.full, 4)
    default: return nil
    }
  }

  /// Parses a description: the name of a preset, optionally followed by a colon and comma-separated choices
  /// `name=value`.
  ///
  /// - Throws: ``ModelError/unknownNetwork(_:)`` if there is no such preset,
  ///   ``ModelError/invalidDescription(description:found:expected:)`` for an invalid choice.
  public init(_ text: String) throws {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let name = parts.first, let preset = NetworkDescription(preset: name) else {
      throw ModelError.unknownNetwork(text)
    }
    self = preset
    var isBlockNormGiven = false
    for part in parts.count > 1 ? parts[1].split(separator: ",", omittingEmptySubsequences: false) : [] {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let choice = Self.choices.first { $0.name == pair[0] }
      guard pair.count == 2, let choice, choice.set(&self, String(pair[1])) else {
        let names = Self.choices.map(\.name)
        let known = choice?.expected ?? names.dropLast().joined(separator: ", ") + " or " + names[names.count - 1]
        let expected = pair.count == 2 ? known : "comma-separated choices such as blocks=4"
        throw ModelError.invalidDescription(description: text, found: "'\(part)'", expected: expected)
      }
      isBlockNormGiven = isBlockNormGiven || choice.name == "blocknorm"
    }
    if !isBlockNormGiven { blockNorm = norm }
  }

  /// Every choice in a fixed order, as stored in a model file as the network's name.
  ///
  /// A canvas and its revision are listed only if there is a canvas. Files without them keep their meaning as long as
  /// no preset has a canvas.
  public var description: String {
    let listed = Self.choices.prefix { $0.name != "canvas" || canvas > 0 }
    return "dense:" + listed.map { "\($0.name)=\($0.text(self))" }.joined(separator: ",")
  }

  /// All choices in the order in which they are listed, those of a canvas last.
  private static let choices: [Choice] = [
    .word("head", \.head), .word("stages", \.stages), .word("block", \.block), .word("tail", \.tail),
    Choice("channels", \.channels, expected: "three or four numbers from 1 to 512 such as channels=8-16-32") {
      let numbers = $0.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
      return (3...4).contains(numbers.count) && numbers.allSatisfy((1...512).contains) ? numbers : nil
    } text: {
      $0.map(String.init).joined(separator: "-")
    },
    .number("detail", \.detail, 0...256), .number("blocks", \.blocks, 0...32),
    Choice("kernel", \.kernel, expected: "kernel 3, 5, 7 or 9") { ["3", "5", "7", "9"].contains($0) ? Int($0) : nil },
    .word("norm", \.norm), .word("blocknorm", \.blockNorm),
    .number("canvas", \.canvas, Canvas.lines, orZero: true),
    .number("revision", \.revision, Canvas.revisions, orZero: true),
  ]
}

/// A choice in the text of a description.
private struct Choice: Sendable {
  typealias Property<Value> = WritableKeyPath<NetworkDescription, Value> & Sendable

  let name: String
  /// What is expected in place of an invalid value.
  let expected: String
  /// Makes the choice. Returns false if the text is not a valid value.
  let set: @Sendable (inout NetworkDescription, _ text: String) -> Bool
  let text: @Sendable (NetworkDescription) -> String

  init<Value>(
    _ name: String, _ property: Property<Value>, expected: String, value: @escaping @Sendable (String) -> Value?,
    text: @escaping @Sendable (Value) -> String = { "\($0)" }
  ) {
    (self.name, self.expected) = (name, expected)
    set = { description, text in value(text).map { description[keyPath: property] = $0 } != nil }
    self.text = { text($0[keyPath: property]) }
  }

  static func word<Value: CaseIterable & RawRepresentable<String> & Sendable>(
    _ name: String, _ property: Property<Value>
  ) -> Choice {
    let expected = "\(name) to be " + Value.allCases.map(\.rawValue).joined(separator: " or ")
    return Choice(name, property, expected: expected, value: { Value(rawValue: $0) }, text: { $0.rawValue })
  }

  static func number(
    _ name: String, _ property: Property<Int>, _ range: ClosedRange<Int>, orZero: Bool = false
  ) -> Choice {
    let expected = "\(name) \(orZero ? "0 or " : "")from \(range.lowerBound) to \(range.upperBound)"
    return Choice(name, property, expected: expected) { text in
      Int(text).flatMap { range.contains($0) || (orZero && $0 == 0) ? $0 : nil }
    }
  }
}
