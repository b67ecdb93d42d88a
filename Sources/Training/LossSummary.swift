/// The sums of the groups of losses under their names in progress, tables and JSON reports.
package struct LossSummary: Encodable, Sendable {
  /// The sum of all groups.
  package let total: Double
  /// The groups in their order. The temporal loss is absent if it is 0, as it is where no frames are compared.
  package let groups: [(name: String, value: Double)]

  /// Creates the summary of `losses`.
  package init(_ losses: LossParts) {
    total = losses.total
    groups = LossGroup.allCases.compactMap { group in
      let value = losses[group]
      return group == .temporal && value == 0 ? nil : (group.shortName, value)
    }
  }

  /// The total and the groups by name.
  package var byName: [String: Double] {
    var values = ["total": total]
    for group in groups { values[group.name] = group.value }
    return values
  }

  /// Encodes ``byName``.
  package func encode(to encoder: any Encoder) throws { try byName.encode(to: encoder) }
}
