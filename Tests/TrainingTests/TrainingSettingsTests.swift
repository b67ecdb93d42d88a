import Networks
import Testing
import Training

@Suite struct TrainingSettingsTests {
  @Test func rateIsConstantThenFallsToATwentieth() {
    let settings = TrainingSettings(iterations: 100, learningRate: 1)
    #expect(settings.learningRate(at: 0) == 1)
    #expect(settings.learningRate(at: 50) == 1)
    #expect(settings.learningRate(at: 75) < 0.6)
    #expect(abs(settings.learningRate(at: 100) - 0.05) < 1e-12)
    #expect(TrainingSettings(iterations: 1, learningRate: 1).learningRate(at: 0) == 1)
  }

  @Test(arguments: [
    TrainingSettings(iterations: 0), TrainingSettings(batchSize: 0), TrainingSettings(imageSize: 255),
    TrainingSettings(imageSize: 16), TrainingSettings(styleSize: 5), TrainingSettings(learningRate: 0),
    TrainingSettings(learningRate: .nan), TrainingSettings(weights: LossWeights(style: -1)),
    TrainingSettings(weights: LossWeights(content: .infinity)),
  ])
  func settingsOutOfRangeAreRefused(_ settings: TrainingSettings) {
    #expect(throws: TrainingError.self) { try settings.validate() }
  }

  @Test func unknownNetworkIsRefused() {
    #expect(throws: ModelError.unknownNetwork("resnet")) { try TrainingSettings(network: "resnet").validate() }
  }
}
