import Measurement
import Networks
import Tensors
import Testing
import TestSupport

@Suite struct NetworkChoiceTests {
  @Test func quarterIsJohnsonWithAQuarterOfTheChannels() throws {
    #expect(try NetworkChoice("quarter").definition == NetworkDefinition.johnson(width: 0.25))
    #expect(try NetworkChoice("quarter", width: 2).definition == NetworkDefinition.johnson(width: 0.5))
    #expect(try NetworkChoice("johnson").definition == NetworkDefinition.johnson())
    #expect(throws: ModelError.self) { try NetworkChoice("third") }
    for name in NetworkChoice.names { _ = try NetworkChoice(name) }
  }

  @Test func resultsUseCommonNames() throws {
    let names = try ["half", "realtime", "dense:blocks=1"].map { try NetworkChoice($0).definition.resultName }
    #expect(try names == ["johnson", "realtime", NetworkDefinition.named("dense:blocks=1").name])
  }

  @Test func framesAreExtendedWithoutACanvas() throws {
    #expect(try NetworkDefinition.named("dense").frameExtents(height: 270, width: 479) == (272, 480))
    #expect(try NetworkDefinition.named("dense:canvas=64").frameExtents(height: 270, width: 479) == (270, 479))
  }

  @Test func randomModelsFollowTheirSeed() throws {
    let definition = try NetworkChoice("quarter").definition
    let (first, again, other) = (
      randomModel(definition, seed: 1), randomModel(definition, seed: 1),
      randomModel(definition, seed: 2)
    )
    for specification in definition.parameters {
      let tensor = try #require(first.parameters[specification.name])
      #expect(tensor.shape.dimensions == specification.shape)
      #expect(tensor.elements == again.parameters[specification.name]?.elements)
      #expect(tensor.elements != other.parameters[specification.name]?.elements)
      if case .constant(1) = specification.initialization {
        #expect(tensor.elements.allSatisfy { (0.5...1.5).contains($0) })
      }
    }
  }
}
