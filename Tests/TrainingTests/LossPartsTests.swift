import Foundation
import Testing
import Training

/// The losses of a step and what is reported of them.
@Suite struct LossPartsTests {
  private static let palette = LossName(.style, "palette")

  private func losses(content: Double, palette: Double, layer: Double, temporal: Double = 0) -> LossParts {
    var losses = LossParts()
    losses.add(palette, to: Self.palette)
    losses.add(content, to: LossName(.content))
    losses.add(layer, to: .layer(.relu3_3))
    if temporal != 0 { losses.add(temporal, to: LossName(.temporal)) }
    return losses
  }

  @Test func groupsAndTheTotalAreSumsOfParts() {
    var losses = losses(content: 4, palette: 1, layer: 2, temporal: 16)
    losses.add(0.5, to: LossName(.content))
    losses.add(8, to: LossName(.totalVariation))
    #expect(losses[.content] == 4.5 && losses[.style] == 3 && losses[.totalVariation] == 8 && losses[.temporal] == 16)
    #expect(losses.total == 31.5)
    #expect(losses[Self.palette] == 1 && losses[.layer(.relu3_3)] == 2 && losses[.layer(.relu1_2)] == nil)
    #expect(losses.names.count == 5)
    #expect(LossParts().total == 0 && LossParts()[.style] == 0)
  }

  @Test func theMeanCountsAbsentPartsAsZero() {
    var other = LossParts()
    other.add(2, to: LossName(.content))
    other.add(6, to: .layer(.relu1_2))
    let mean = LossParts.mean([losses(content: 4, palette: 1, layer: 2), other])
    #expect(mean[.content] == 3 && mean[Self.palette] == 0.5)
    #expect(mean[.layer(.relu3_3)] == 1 && mean[.layer(.relu1_2)] == 3 && mean[.style] == 4.5)
    #expect(LossParts.mean([]) == LossParts())
  }

  @Test func aPartThatIsNotFiniteIsNamedInTheOrderOfTheGroups() {
    #expect(losses(content: 1, palette: 1, layer: 1).nonFinitePart == nil)
    #expect(losses(content: .nan, palette: .nan, layer: 1).nonFinitePart == "content loss")
    #expect(losses(content: 1, palette: .infinity, layer: 1).nonFinitePart == "palette loss")
    #expect(losses(content: 1, palette: 1, layer: .nan, temporal: .nan).nonFinitePart == "style loss at relu3_3")
    #expect(losses(content: 1, palette: 1, layer: 1, temporal: .nan).nonFinitePart == "temporal loss")
    var losses = LossParts()
    losses.add(.nan, to: LossName(.totalVariation))
    #expect(losses.nonFinitePart == "total variation")
  }

  @Test func theSummaryHasTheGroupsUnderTheirShortNames() throws {
    let still = LossSummary(losses(content: 4, palette: 1, layer: 2))
    #expect(still.groups.map(\.name) == ["content", "style", "tv"] && still.groups.map(\.value) == [4, 3, 0])
    #expect(still.byName == ["total": 7, "content": 4, "style": 3, "tv": 0])
    let film = LossSummary(losses(content: 4, palette: 1, layer: 2, temporal: 0.5))
    let decoded = try JSONDecoder().decode([String: Double].self, from: JSONEncoder().encode(film))
    #expect(decoded == ["total": 7.5, "content": 4, "style": 3, "tv": 0, "temporal": 0.5])
  }
}
