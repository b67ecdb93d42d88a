import Foundation

/// The text beside a model file that tells where it comes from.
public struct ModelCard: Sendable {
  /// The style's name.
  public var style: String
  /// The painting's file name.
  public var styleFile: String
  /// The SHA-256 of the painting's file.
  public var styleChecksum: String
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
    func round(_ value: Double) -> String {
      value >= 100 ? String(Int(value.rounded())) : String(format: "%.1f", value)
    }
    let layers = VGG16Layer.allCases
      .map { "\($0.rawValue) \(round(losses.styleLayers[$0] ?? 0))" }.joined(separator: ", ")
    return """
      # \(style)

      | | |
      |---|---|
      | painting | `\(styleFile)`, SHA-256 `\(styleChecksum)` |
      | network | \(settings.network), width × \(settings.width), \(parameterCount) parameters |
      | photos | \(photos) |
      | training | \(settings.iterations) iterations of \(settings.batchSize) crops of \
      \(settings.imageSize)×\(settings.imageSize), painting at \
      \(settings.styleSize == 0 ? "its own size" : "\(settings.styleSize) pixels on its short side"), Adam \
      \(settings.learningRate) falling to a twentieth over the second half, seed \(settings.seed)\(recoveries > 0 ? ", lowered \(recoveries) times on trouble" : "") |
      | start | \(settings.baseChecksum.map { "the base model of SHA-256 `\($0)`" } ?? "random values") |
      | loss weights | content \(settings.weights.content), style \(settings.weights.style), total variation \
      \(settings.weights.totalVariation), steadiness \(settings.temporalWeight) |
      | loss scaling | \(LossWeights.scaling) |
      | training loss | total \(round(losses.total)): content \(round(losses.content)), style \(round(losses.style)) \
      (\(layers)), total variation \(round(losses.totalVariation))\
      \(losses.temporal > 0 ? ", steadiness " + round(losses.temporal) : ""); mean of the last \(lossSteps) steps |
      | flat areas | \(blotches.map { String(format: "%.2f %% blotches", 100 * $0) } ?? "not looked at") |
      | storage | \(halfPrecision.text) |
      | time | \(round(seconds / 60)) minutes on \(threads) threads of \(Self.machine) |
      | date | \(date) |

      """
  }

  /// The name of this machine's processor.
  public static var machine: String {
    let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = information.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "an unnamed processor"
  }
}
