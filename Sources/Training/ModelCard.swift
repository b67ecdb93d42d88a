import Foundation

/// The text beside a model file that tells where it comes from.
public struct ModelCard: Sendable {
  /// The style's name.
  public var style: String
  /// The painting's file name.
  public var styleFile: String
  /// The SHA-256 of the painting's file.
  public var styleChecksum: String
  /// The deviation of the noise that was taken out of the painting, in levels of 255.
  public var noise: Double
  /// The usual width of the painting's strokes, as a share of its short side.
  public var strokeWidth: Double
  /// The number of photos trained on, and where they come from.
  public var photos: String
  /// The settings.
  public var settings: TrainingSettings
  /// The number of trained values.
  public var parameterCount: Int
  /// The mean losses of the last steps.
  public var losses: LossParts
  /// The number of steps that ``losses`` is the mean of.
  public var lossSteps: Int
  /// How often the run went back to an earlier state.
  public var recoveries: Int
  /// The part of flat areas that is blotches, see ``FlatAreaCheck``.
  public var blotches: Double?
  /// How the weights are stored, and why.
  public var halfPrecision: HalfPrecisionCheck
  /// Time spent on the steps.
  public var seconds: Double
  /// Threads that computed.
  public var threads: Int
  /// When training ended, as `2026-01-31`.
  public var date: String

  /// The card as Markdown.
  public var markdown: String {
    let rise = settings.risingSteps > 0 ? " rising over the first \(settings.risingSteps) iterations," : ""
    return """
      # \(style)

      | | |
      |---|---|
      | painting | `\(styleFile)`, SHA-256 `\(styleChecksum)`\(TrainingSettings.styleCropText(settings.styleCrop)) |
      | scan | \(noise > 0 ? String(format: "noise of %.1f levels taken out", noise) : "clean"), strokes \
      \(String(format: "%.1f %%", 100 * strokeWidth)) of the short side wide |
      | network | \(settings.network), width × \(settings.width), \(parameterCount) parameters |
      | photos | \(photos) |
      | training | \(steps), painting at \
      \(TrainingSettings.styleSizeText(settings.styleSize)), Muon at \
      \(String(format: "%.3g", settings.learningRate * Double(TrainingState.muonRate))) and Adam at \(settings.learningRate),\(rise) falling to a twentieth over the second half, seed \(settings.seed)\(recoveries > 0 ? ", lowered \(recoveries) times on trouble" : "") |
      | start | \(start) |
      | loss weights | \(settings.weights.cardText), steadiness \(settings.temporalWeight) |
      | loss scaling | \(settings.weights.objective.scaling) |
      | training loss | \(losses.cardText); mean of the last \(lossSteps) steps\(settings.revisionIterations > 0 && settings.draftIterations > 0 ? " of the draft" : "") |
      | flat areas | \(blotches.map { String(format: "%.2f %% blotches", 100 * $0) } ?? "not looked at") |
      | storage | \(halfPrecision.text) |
      | time | \(Self.round(seconds / 60)) minutes on \(threads) threads of \(Self.machine) |
      | date | \(date) |

      """
  }

  private var steps: String {
    let crops = "of \(settings.batchSize) crops of \(settings.imageSize)×\(settings.imageSize)"
    let draft = settings.keepsDraft ? "the base's draft" : "\(settings.draftIterations) iterations \(crops)"
    guard settings.revisionIterations > 0 else { return draft }
    return draft + ", then \(settings.revisionIterations) of the revision on crops of films"
  }

  private var start: String {
    let start = settings.baseChecksum.map { "the base model of SHA-256 `\($0)`" } ?? "random values"
    guard let teacher = settings.teacherChecksum else { return start }
    return start + ", then a quarter of the draft's steps on the pictures of the model of SHA-256 `\(teacher)`"
  }

  /// A time as a card tells it.
  static func round(_ value: Double) -> String {
    value >= 100 ? String(Int(value.rounded())) : String(format: "%.1f", value)
  }

  /// A loss as a card tells it.
  static func loss(_ value: Double) -> String { value >= 10 ? round(value) : String(format: "%.3f", value) }

  /// The name of this machine's processor.
  public static var machine: String {
    let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = information.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "an unnamed processor"
  }
}
