/// A group of losses, which share a weight.
public enum LossGroup: String, CaseIterable, Sendable {
  /// How far a picture is from the photo.
  case content
  /// How far a picture is from the painting.
  case style
  /// The total variation.
  case totalVariation = "total_variation"
  /// The difference of a picture from that of an earlier frame.
  case temporal

  /// The name in progress, tables and JSON reports.
  public var shortName: String { self == .totalVariation ? "tv" : rawValue }

  /// The name in messages.
  var title: String { self == .totalVariation ? "total variation" : "\(rawValue) loss" }
}

/// What a loss is reported as.
///
/// A loss with a name of its own has a column in logs and a value in reports and cards. All other losses of a group are
/// reported only within its sum.
public struct LossName: Hashable, Sendable {
  /// The group that the loss is part of.
  public let group: LossGroup
  /// The name in logs, JSON reports and cards, which no other loss has.
  public let name: String
  /// The layer of VGG-16, if the loss is that of a layer.
  public let layer: VGG16Layer?

  /// Creates the name of the losses of `group` that have no name of their own.
  public init(_ group: LossGroup) { self.init(group, group.rawValue) }

  /// Creates the name of a loss with a name of its own.
  public init(_ group: LossGroup, _ name: String) { self.init(group, name, layer: nil) }

  private init(_ group: LossGroup, _ name: String, layer: VGG16Layer?) {
    self.group = group
    self.name = name
    self.layer = layer
  }

  /// Returns the name of the style loss of a layer.
  public static func layer(_ layer: VGG16Layer) -> LossName { LossName(.style, layer.rawValue, layer: layer) }

  /// Whether the loss is reported by itself and not only within the sum of its group.
  public var isOwn: Bool { name != group.rawValue }

  /// The name in messages.
  var title: String {
    if let layer { return "\(group.title) at \(layer.rawValue)" }
    return isOwn ? "\(name) loss" : group.title
  }

  /// The names of all losses of a training, in the order in which a step records them.
  static let all = unique(
    Objective.allCases.flatMap(\.terms).flatMap(\.names) + [
      LossName(.content), LossName(.totalVariation), LossName(.temporal),
    ])

  /// The losses with names of their own, in the order of reports.
  public static let reported = unique(Objective.allCases.flatMap(\.reportedTerms).flatMap(\.names)).filter(\.isOwn)

  /// The losses of `group` with names of their own, in the order of reports.
  static func reported(in group: LossGroup) -> [LossName] { reported.filter { $0.group == group } }

  private static func unique(_ names: [LossName]) -> [LossName] {
    var seen: Set<LossName> = []
    return names.filter { seen.insert($0).inserted }
  }
}
