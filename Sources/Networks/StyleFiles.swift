import Foundation

/// The files of a style, which lie beside each other and differ in their extensions alone.
///
/// Every program that reads or writes one of them asks here for its name.
public struct StyleFiles: Hashable, Sendable {
  private static let modelExtension = "safetensors"
  private static let cardExtension = "json"
  private static let cardTextExtension = "md"
  private static let pictureExtension = "jpg"

  /// The network and its values, usually `NAME.safetensors`.
  public let model: String
  /// The files' common path, without an extension.
  private let stem: String

  /// The files of the style `name` in `folder`.
  public init(name: String, folder: String) {
    stem = "\(folder)/\(name)"
    model = "\(stem).\(Self.modelExtension)"
  }

  /// The files beside the model file at `path`, whatever its extension.
  public init(model path: String) {
    model = path
    stem = Self.withoutExtension(path)
  }

  /// The files beside the card at `path`.
  public init(card path: String) {
    stem = Self.withoutExtension(path)
    model = "\(stem).\(Self.modelExtension)"
  }

  /// The style's name, which is that of its files.
  public var name: String { stem.split(separator: "/").last.map(String.init) ?? stem }
  /// What a machine reads of the style, `NAME.json`: a `StyleCard` of the target `Training`.
  public var card: String { "\(stem).\(Self.cardExtension)" }
  /// The card for people, `NAME.md`, which is made of ``card``.
  public var cardText: String { "\(stem).\(Self.cardTextExtension)" }
  /// A frame before and after, `NAME.jpg`.
  public var picture: String { "\(stem).\(Self.pictureExtension)" }
  /// What a training leaves while it runs, in `NAME.training`.
  public var training: TrainingFiles { TrainingFiles(folder: "\(stem).training") }
  /// All files that make up the finished style, the model last: where it lies, the style is there.
  public var all: [String] { [picture, cardText, card, model] }

  /// Whether the model's name is also that of another of the files, which would then be written over it.
  public var isAmbiguous: Bool { [picture, cardText, card].contains(model) }

  /// The names of the styles whose models are in `folder`, hidden files aside, in no order; none where it cannot be read.
  public static func names(in folder: String) -> [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.compactMap { file in
      guard isModel(file), !file.hasPrefix(".") else { return nil }
      let name = withoutExtension(file)
      return name.isEmpty ? nil : name
    }
  }

  /// Whether `path` ends as the names of model files do.
  public static func isModel(_ path: String) -> Bool { path.hasSuffix(".\(modelExtension)") }

  /// `path` up to the last dot of its last component; a dot in front of a name begins no extension.
  private static func withoutExtension(_ path: String) -> String {
    let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    guard let dot = path[start...].lastIndex(of: "."), dot > start else { return path }
    return String(path[..<dot])
  }
}

/// The files that a training leaves while it runs, in a folder of their own.
public struct TrainingFiles: Hashable, Sendable {
  private static let previewPrefix = "preview-"
  private static let previewSuffix = ".png"

  /// The folder.
  public let folder: String

  /// What the run goes on from.
  public var checkpoint: String { "\(folder)/checkpoint.safetensors" }
  /// The losses of every step, as comma-separated values.
  public var losses: String { "\(folder)/losses.csv" }

  /// The picture that shows what was learned after `iteration` steps.
  public func preview(_ iteration: Int) -> String {
    "\(folder)/\(Self.previewPrefix)" + String(format: "%06d", iteration) + Self.previewSuffix
  }

  /// The steps after which there are previews, in no order.
  public var previews: [Int] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.compactMap { file in
      guard file.hasPrefix(Self.previewPrefix), file.hasSuffix(Self.previewSuffix) else { return nil }
      return Int(file.dropFirst(Self.previewPrefix.count).dropLast(Self.previewSuffix.count))
    }
  }
}
