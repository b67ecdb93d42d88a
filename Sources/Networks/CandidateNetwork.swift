/// A network of the ladder below `johnson`, as a handful of choices that a line of text describes.
///
/// A description is the name of a preset and the choices that differ from it: `dense`, `phone:channels=8-16-32,detail=4`. Every
/// such network takes the picture down by strided convolutions or pixel unshuffling, runs residual blocks there, and comes back
/// by nearest upsampling with convolutions or by pixel shuffling. ``description`` spells out every choice, so that a model file
/// keeps its meaning when a preset changes.
public struct CandidateNetwork: Hashable, Sendable, CustomStringConvertible {
  /// How the picture enters.
  public enum Head: String, Hashable, Sendable, CaseIterable {
    /// A convolution at full resolution.
    case full
    /// A 3×3 convolution of stride 2.
    case strided
    /// 2×2 pixels to channels, then a 3×3 convolution at half the resolution.
    case unshuffle2
    /// 4×4 pixels to channels, then a 3×3 convolution at a quarter of the resolution.
    case unshuffle4
  }

  /// How a 3×3 convolution is made.
  public enum Filter: String, Hashable, Sendable, CaseIterable {
    /// Every output channel from every input channel.
    case dense
    /// A depthwise 3×3 convolution and a 1×1 convolution.
    case separable
  }

  /// How the picture leaves.
  public enum Tail: String, Hashable, Sendable, CaseIterable {
    /// Nearest ×2 upsamplings with 3×3 convolutions to full resolution, then a convolution to RGB. Without channels of ``detail`` the
    /// last upsampling's convolution is the one to RGB: nothing else happens at full resolution.
    case upsample
    /// The same to half the resolution, then a 3×3 convolution to 12 channels and a pixel shuffle of 2.
    case shuffle2
    /// The same to a quarter of the resolution, then a 3×3 convolution to 48 channels and a pixel shuffle of 4.
    case shuffle4
  }

  /// What stands behind a convolution.
  public enum Norm: String, Hashable, Sendable, CaseIterable {
    /// Instance normalisation.
    case instance
    /// Normalisation by stored statistics, which folds into the convolution.
    case batch
    /// Nothing but the convolution's bias.
    case none
  }

  /// How the picture enters.
  public var head = Head.strided
  /// The convolutions on the way down and up.
  public var stages = Filter.dense
  /// The convolutions in residual blocks.
  public var block = Filter.dense
  /// How the picture leaves.
  public var tail = Tail.upsample
  /// Channels at full resolution, at a half, at a quarter, and perhaps at an eighth; blocks run at the last. Three or four.
  public var channels = [8, 16, 32]
  /// Channels at full resolution on the way up; 0 for none, with nearest upsamplings only.
  public var detail = 8
  /// Residual blocks of two convolutions.
  public var blocks = 4
  /// The side of the kernels at full resolution: 3, 5, 7 or 9.
  public var kernel = 3
  /// What stands behind the convolutions on the way down and up.
  public var norm = Norm.batch
  /// What stands behind the convolutions in residual blocks.
  public var blockNorm = Norm.batch
  /// The lines of the canvas that everything is painted on, one of ``Canvas/lines``; 0 to paint at the picture's own size.
  public var canvas = 0
  /// The channels of the revision behind a canvas, one of ``Canvas/revisions``; 0 for plain enlargement. Without a canvas there is none.
  public var revision = 8

  /// The presets' names.
  public static let presetNames = ["separable", "dense", "phone"]

  /// `separable` follows the network of Google Stadia's style transfer, `dense` runs 3×3 blocks behind pixel unshuffling, `phone`
  /// has the few channels at full resolution of networks for phones.
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

  /// Reads a description: a preset's name, then perhaps a colon and choices `name=value` between commas.
  ///
  /// Throws ``ModelError``: `unknownNetwork` where no preset has the name, `invalidCandidate` where a choice is not one.
  public init(_ text: String) throws {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let preset = parts.first, let candidate = CandidateNetwork(preset: preset) else {
      throw ModelError.unknownNetwork(text)
    }
    self = candidate
    var isBlockNormGiven = false
    for choice in parts.count > 1 ? parts[1].split(separator: ",", omittingEmptySubsequences: false) : [] {
      let pair = choice.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard pair.count == 2 else {
        throw ModelError.invalidCandidate(
          description: text, found: "'\(choice)'", expected: "choices such as blocks=4 between commas")
      }
      isBlockNormGiven = isBlockNormGiven || pair[0] == "blocknorm"
      if let expected = set(String(pair[0]), to: String(pair[1])) {
        throw ModelError.invalidCandidate(description: text, found: "'\(choice)'", expected: expected)
      }
    }
    if !isBlockNormGiven { blockNorm = norm }
  }

  /// Makes a choice; returns what was expected where it is none.
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

  /// Every choice, in a fixed order: what a model file stores as the network's name. A canvas with its revision is named only where there
  /// is one: files that name none keep their meaning, as long as no preset begins with one.
  public var description: String {
    "dense:head=\(head.rawValue),stages=\(stages.rawValue),block=\(block.rawValue),tail=\(tail.rawValue),"
      + "channels=\(channels.map(String.init).joined(separator: "-")),detail=\(detail),blocks=\(blocks),"
      + "kernel=\(kernel),norm=\(norm.rawValue),blocknorm=\(blockNorm.rawValue)"
      + (canvas > 0 ? ",canvas=\(canvas),revision=\(revision)" : "")
  }
}
