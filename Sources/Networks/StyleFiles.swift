import FoundationEssentials

/// The files of a style, which are in the same folder and differ only in their extensions.
///
/// All programs that read or write these files use this type for their names.
public struct StyleFiles: Hashable, Sendable {
  private static let modelExtension = "safetensors"
  private static let cardExtension = "json"
  private static let cardTextExtension = "md"
  private static let pictureExtension = "jpg"
  private static let paintingExtension = "painting.jpg"
  private static let reportExtension = "html"

  /// The model file, usually `NAME.safetensors`.
  public let model: String
  /// The common path of the files, without an extension.
  private let stem: String

  /// Creates the paths of the style `name` in `folder`.
  public init(name: String, folder: String) {
    stem = "\(folder)/\(name)"
    model = "\(stem).\(Self.modelExtension)"
  }

  /// Creates the paths of the files next to the model file at `path`, whatever its extension.
  public init(model path: String) {
    model = path
    stem = Self.withoutExtension(path)
  }

  /// Creates the paths of the files next to the card at `path`.
  public init(card path: String) {
    stem = Self.withoutExtension(path)
    model = "\(stem).\(Self.modelExtension)"
  }

  /// The name of the style and its files.
  public var name: String { stem.split(separator: "/").last.map(String.init) ?? stem }
  /// The card as JSON, `NAME.json`: a `StyleCard` of the target `Training`.
  public var card: String { "\(stem).\(Self.cardExtension)" }
  /// The card as Markdown, `NAME.md`, which is generated from ``card``.
  public var cardText: String { "\(stem).\(Self.cardTextExtension)" }
  /// The picture of a frame before and after painting, `NAME.jpg`.
  public var picture: String { "\(stem).\(Self.pictureExtension)" }
  /// A small picture of the painting, `NAME.painting.jpg`.
  public var painting: String { "\(stem).\(Self.paintingExtension)" }
  /// The report on the training, `NAME.html`.
  public var report: String { "\(stem).\(Self.reportExtension)" }
  /// The files of a running training, in `NAME.training`.
  public var training: TrainingFiles { TrainingFiles(folder: "\(stem).training") }
  /// All files of the finished style. The model is last: when it exists, the style is complete.
  public var all: [String] { [report, picture, painting, cardText, card, model] }

  /// Whether the model has the same name as another of the files and would be overwritten.
  public var isAmbiguous: Bool { [report, picture, painting, cardText, card].contains(model) }

  /// Returns the names of the styles with models in `folder`, in no particular order and without hidden files; empty if
  /// the folder cannot be read.
  public static func names(in folder: String) -> [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.compactMap { file in
      guard isModel(file), !file.hasPrefix(".") else { return nil }
      let name = withoutExtension(file)
      return name.isEmpty ? nil : name
    }
  }

  /// Returns whether `path` has the extension of model files.
  public static func isModel(_ path: String) -> Bool { path.hasSuffix(".\(modelExtension)") }

  /// Returns `path` without the extension of its last component. A dot at the start of a name does not begin an
  /// extension.
  private static func withoutExtension(_ path: String) -> String {
    let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    guard let dot = path[start...].lastIndex(of: "."), dot > start else { return path }
    return String(path[..<dot])
  }
}

/// The files that a running training writes into its own folder.
public struct TrainingFiles: Hashable, Sendable {
  private static let previewPrefix = "preview-"
  private static let previewSuffix = ".png"

  /// The folder.
  public let folder: String

  /// The checkpoint from which a run can be resumed.
  public var checkpoint: String { "\(folder)/checkpoint.safetensors" }
  /// The losses of every step, as comma-separated values.
  public var losses: String { "\(folder)/losses.csv" }

  /// Returns the path of the preview after `iteration` steps.
  public func preview(_ iteration: Int) -> String {
    let number = String(iteration)
    let zeros = String(repeating: "0", count: max(0, 6 - number.count))
    return "\(folder)/\(Self.previewPrefix)\(zeros)\(number)\(Self.previewSuffix)"
  }

  /// The steps for which there are previews, in no particular order.
  public var previews: [Int] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.compactMap { file in
      guard file.hasPrefix(Self.previewPrefix), file.hasSuffix(Self.previewSuffix) else { return nil }
      return Int(file.dropFirst(Self.previewPrefix.count).dropLast(Self.previewSuffix.count))
    }
  }
}
