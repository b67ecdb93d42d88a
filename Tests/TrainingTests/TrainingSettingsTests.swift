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

  @Test func fromABaseTheRateRisesFirst() {
    let settings = TrainingSettings(iterations: 1000, baseChecksum: "base", learningRate: 1)
    #expect(settings.learningRate(at: 0) < 0.01 && settings.learningRate(at: 0) > 0)
    #expect(abs(settings.learningRate(at: 50) - 0.5) < 0.01)
    #expect(settings.learningRate(at: 100) == 1)
    // An eighth of a short run, and nothing of one of a few steps.
    let short = TrainingSettings(iterations: 80, baseChecksum: "base", learningRate: 1)
    #expect(short.learningRate(at: 9) < 1 && short.learningRate(at: 10) == 1)
    #expect(TrainingSettings(iterations: 7, baseChecksum: "base", learningRate: 1).learningRate(at: 0) == 1)
  }

  @Test(arguments: [
    TrainingSettings(iterations: 0), TrainingSettings(batchSize: 0), TrainingSettings(imageSize: 255),
    TrainingSettings(imageSize: 16), TrainingSettings(styleSize: 5), TrainingSettings(learningRate: 0),
    TrainingSettings(learningRate: .nan), TrainingSettings(weights: LossWeights(style: -1)),
    TrainingSettings(weights: LossWeights(content: .infinity)), TrainingSettings(temporalWeight: -1),
    TrainingSettings(norms: NormSchedule(start: 0.5, end: 0.4)),
    TrainingSettings(norms: NormSchedule(start: 0, end: 1.1)),
  ])
  func settingsOutOfRangeAreRefused(_ settings: TrainingSettings) {
    #expect(throws: TrainingError.self) { try settings.validate() }
  }

  @Test func normsGoFromTheImagesStatisticsToTheStoredOnes() {
    let schedule = NormSchedule(start: 0.2, end: 0.6)
    #expect(schedule.phase(at: 0, of: 100) == .init(imageShare: 1, momentum: NormSchedule.momentum))
    #expect(schedule.phase(at: 19, of: 100).imageShare == 1)
    #expect(abs(schedule.phase(at: 40, of: 100).imageShare - 0.5) < 1e-6)
    #expect(schedule.phase(at: 60, of: 100) == .finished)
    #expect(schedule.phase(at: 100, of: 100) == .finished)
    #expect(NormSchedule(start: 0, end: 0).phase(at: 0, of: 10) == .finished)
  }

  @Test func steadinessIsOnForOtherNetworksThanTheReferences() {
    #expect(TrainingSettings.defaultTemporalWeight(network: "johnson", iterations: 2400) == 0)
    #expect(TrainingSettings.defaultTemporalWeight(network: "dense", iterations: 2400) == TrainingSettings.steadyWeight)
    #expect(TrainingSettings.defaultTemporalWeight(network: "dense", iterations: 300) == 300)
    #expect(
      TrainingSettings.defaultTemporalWeight(network: "dense:grain=6", iterations: 2400)
        == TrainingSettings.steadyWeightOnGrain)
  }

  @Test func theDefaultNetworkIsTheShippedOneAndIsTrainedToBeSteady() throws {
    let settings = TrainingSettings()
    #expect(try settings.validate().title == "realtime")
    #expect(
      TrainingSettings.defaultTemporalWeight(network: settings.network, iterations: settings.iterations) > 0)
  }

  @Test func unknownNetworkIsRefused() {
    #expect(throws: ModelError.unknownNetwork("resnet")) { try TrainingSettings(network: "resnet").validate() }
  }
}
