/// The losses as a card holds them.
extension StyleCard {
  /// The objective's parts, weights applied.
  package struct Losses: Codable, Equatable, Sendable {
    /// The whole objective.
    package var total: Double
    /// The content part.
    package var content: Double
    /// The style part.
    package var style: Double
    /// The part of style of each layer, by its name.
    package var styleLayers: [String: Double]
    /// The other parts that have names of their own, such as `palette`, by these. A part that the objective does not
    /// have is absent.
    package var parts: [String: Double]
    /// The total variation part.
    package var totalVariation: Double
    /// The part of temporal stability; nil if the objective has no such part.
    package var temporal: Double?

    /// The names of ``parts`` in the order of reports.
    private static let names = LossName.reported.filter { $0.layer == nil }

    /// The parts as they were measured.
    package init(_ losses: LossParts) {
      total = losses.total
      content = losses[.content]
      style = losses[.style]
      styleLayers = [:]
      parts = [:]
      for name in LossName.reported {
        let value = losses[name] ?? 0
        if name.layer != nil {
          styleLayers[name.name] = value
        } else if value > 0 {
          parts[name.name] = value
        }
      }
      totalVariation = losses[.totalVariation]
      temporal = losses[.temporal] > 0 ? losses[.temporal] : nil
    }

    /// The parts of a group that have names of their own, in the order of reports.
    func named(in group: LossGroup) -> [(name: String, value: Double)] {
      LossName.reported(in: group).compactMap { name in
        let value = name.layer == nil ? parts[name.name] : styleLayers[name.name] ?? 0
        return value.map { (name.name, $0) }
      }
    }

    // MARK: Coding

    /// A fixed key, or the name of a part.
    private struct Key: CodingKey, ExpressibleByStringLiteral {
      let stringValue: String
      var intValue: Int? { nil }

      init(stringLiteral value: String) { stringValue = value }
      init(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }

    /// Decodes the losses. Each of ``parts`` is a value beside the others.
    package init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Key.self)
      total = try container.decode(Double.self, forKey: "total")
      content = try container.decode(Double.self, forKey: "content")
      style = try container.decode(Double.self, forKey: "style")
      styleLayers = try container.decode([String: Double].self, forKey: "styleLayers")
      totalVariation = try container.decode(Double.self, forKey: "totalVariation")
      temporal = try container.decodeIfPresent(Double.self, forKey: "temporal")
      parts = [:]
      for name in Self.names {
        parts[name.name] = try container.decodeIfPresent(Double.self, forKey: Key(stringValue: name.name))
      }
    }

    /// Encodes the losses. Each of ``parts`` is a value beside the others.
    package func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(total, forKey: "total")
      try container.encode(content, forKey: "content")
      try container.encode(style, forKey: "style")
      try container.encode(styleLayers, forKey: "styleLayers")
      try container.encode(totalVariation, forKey: "totalVariation")
      try container.encodeIfPresent(temporal, forKey: "temporal")
      for (name, value) in parts { try container.encode(value, forKey: Key(stringValue: name)) }
    }
  }
}
