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
    for choice in parts.count > 1 ? parts[1].split(separator: ",", omittingEmptySubsequences: false) : [] {
      let pair = choice.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard pair.count == 2 else {
        throw ModelError.invalidDescription(
          description: text, found: "'\(choice)'", expected: "comma-separated choices such as blocks=4")
      }
      isBlockNormGiven = isBlockNormGiven || pair[0] == "blocknorm"
      if let expected = set(String(pair[0]), to: String(pair[1])) {
        throw ModelError.invalidDescription(description: text, found: "'\(choice)'", expected: expected)
      }
    }
    if !isBlockNormGiven { blockNorm = norm }
  }

  /// Applies a choice. Returns what was expected if the choice is invalid, otherwise nil.
  private mutating func set(_ name: String, to value: String) -> String? {
    func choose<Choice>(_ path: WritableKeyPath<Self, Choice>, _ self: inout Self) -> String?
    where Choice: CaseIterable & RawRepresentable<String> {
      guard let choice = Choice(rawValue: value) else {
        return "\(name) to be " + Choice.allCases.map(\.rawValue).joined(separator: " or ")
      }
      self[keyPath: path] = choice
      return nil
    }
    func count(_ path: WritableKeyPath<Self, Int>, _ range: ClosedRange<Int>, _ self: inout Self) -> String? {
      guard let number = Int(value), range.contains(number) else {
        return "\(name) from \(range.lowerBound) to \(range.upperBound)"
      }
      self[keyPath: path] = number
      return nil
    }
    switch name {
    case "head": return choose(\.head, &self)
    case "stages": return choose(\.stages, &self)
    case "block": return choose(\.block, &self)
    case "tail": return choose(\.tail, &self)
    case "norm": return choose(\.norm, &self)
    case "blocknorm": return choose(\.blockNorm, &self)
    case "detail": return count(\.detail, 0...256, &self)
    case "blocks": return count(\.blocks, 0...32, &self)
    case "kernel":
      guard ["3", "5", "7", "9"].contains(value) else { return "kernel 3, 5, 7 or 9" }
      return count(\.kernel, 3...9, &self)
    case "canvas":
      guard let lines = Int(value), lines == 0 || Canvas.lines.contains(lines) else {
        return "canvas 0 or from \(Canvas.lines.lowerBound) to \(Canvas.lines.upperBound)"
      }
      canvas = lines
      return nil
    case "revision":
      guard let channels = Int(value), channels == 0 || Canvas.revisions.contains(channels) else {
        return "revision 0 or from \(Canvas.revisions.lowerBound) to \(Canvas.revisions.upperBound)"
      }
      revision = channels
      return nil
    case "channels":
      let numbers = value.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
      guard (3...4).contains(numbers.count), numbers.allSatisfy({ (1...512).contains($0) }) else {
        return "three or four numbers from 1 to 512 such as channels=8-16-32"
      }
      channels = numbers
      return nil
    default:
      return "head, stages, block, tail, channels, detail, blocks, kernel, norm, blocknorm, canvas or revision"
    }
  }

  /// Every choice in a fixed order, as stored in a model file as the network's name.
  ///
  /// A canvas and its revision are listed only if there is a canvas. Files without them keep their meaning as long as
  /// no preset has a canvas.
  public var description: String {
    "dense:head=\(head.rawValue),stages=\(stages.rawValue),block=\(block.rawValue),tail=\(tail.rawValue),"
      + "channels=\(channels.map(String.init).joined(separator: "-")),detail=\(detail),blocks=\(blocks),"
      + "kernel=\(kernel),norm=\(norm.rawValue),blocknorm=\(blockNorm.rawValue)"
      + (canvas > 0 ? ",canvas=\(canvas),revision=\(revision)" : "")
  }
}
