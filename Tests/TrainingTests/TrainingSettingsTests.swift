import Networks
import Testing
import Training

@Suite struct TrainingSettingsTests {
  @Test func theLearningRateIsConstantAndThenFallsToATwentieth() {
    let settings = TrainingSettings(network: "dense", iterations: 100, learningRate: 1)
    #expect(settings.learningRate(at: 0) == 1)
    #expect(settings.learningRate(at: 50) == 1)
    #expect(settings.learningRate(at: 75) < 0.6)
    // The step after the last one would have a twentieth.
    #expect((0.05..<0.07).contains(settings.learningRate(at: 99)))
    #expect(TrainingSettings(iterations: 1, learningRate: 1).learningRate(at: 0) == 1)
  }

  @Test(arguments: NetworkDefinition.names.filter { (try? NetworkDefinition.named($0).revisionChannels) != nil })
  func theLearningRateRestartsForTheRevision(network: String) {
    let settings = TrainingSettings(network: network, iterations: 100, learningRate: 1)
    // 80 steps of the draft, constant in the first half, then 20 steps of the revision.
    #expect(settings.learningRate(at: 40) == 1)
    #expect((0.05..<0.1).contains(settings.learningRate(at: 79)))
    #expect(settings.learningRate(at: 80) == 1)
    #expect((0.05..<0.1).contains(settings.learningRate(at: 99)))
  }

  @Test func trainingFromABaseHasAWarmup() {
    let settings = TrainingSettings(iterations: 1000, baseChecksum: "base", learningRate: 1)
    #expect(settings.learningRate(at: 0) < 0.01 && settings.learningRate(at: 0) > 0)
    #expect(abs(settings.learningRate(at: 50) - 0.5) < 0.01)
    #expect(settings.learningRate(at: 100) == 1)
    // The warmup is an eighth of a short run, and there is none in a run of a few steps.
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

  @Test func normsChangeFromImageStatisticsToRunningStatistics() {
    let schedule = NormSchedule(start: 0.2, end: 0.6)
    #expect(schedule.phase(at: 0, of: 100) == .init(imageShare: 1, momentum: NormSchedule.momentum))
    #expect(schedule.phase(at: 19, of: 100).imageShare == 1)
    #expect(abs(schedule.phase(at: 40, of: 100).imageShare - 0.5) < 1e-6)
    #expect(schedule.phase(at: 60, of: 100) == .finished)
    #expect(schedule.phase(at: 100, of: 100) == .finished)
    #expect(NormSchedule(start: 0, end: 0).phase(at: 0, of: 10) == .finished)
  }

  @Test func theDefaultTemporalWeightIsPositiveExceptForTheReferences() {
    func weight(_ network: String, _ objective: Objective, _ iterations: Int) -> Double {
      TrainingSettings.defaultTemporalWeight(network: network, objective: objective, iterations: iterations)
    }
    for name in NetworkDefinition.references {
      #expect(weight(name, .johnson, 2400) + weight(name, .balanced, 2400) == 0)
    }
    #expect(weight("dense", .johnson, 2400) == Objective.johnson.maximumTemporalWeight)
    #expect(weight("dense", .johnson, 300) == 300)
    #expect(weight("dense", .balanced, 2400) == Objective.balanced.maximumTemporalWeight)
    #expect((0..<Objective.balanced.maximumTemporalWeight).contains(weight("dense", .balanced, 300)))
  }

  @Test func theDefaultNetworkIsTheFastestAndIsTrainedForTemporalStability() throws {
    let settings = TrainingSettings()
    #expect(try settings.validate().title == NetworkDefinition.names.last)
    #expect(
      TrainingSettings.defaultTemporalWeight(
        network: settings.network, objective: settings.weights.objective, iterations: settings.iterations) > 0)
  }

  @Test func theRevisionIsTrainedAtTheEnd() {
    let revised = TrainingSettings(network: "dense:canvas=128,revision=8", iterations: 100)
    #expect(revised.draftIterations == 80 && revised.revisionIterations == 20 && revised.canvasLines == 128)
    let plain = TrainingSettings(network: "dense:canvas=128,revision=0", iterations: 100)
    #expect(plain.draftIterations == 100 && plain.revisionIterations == 0)
  }

  @Test func distillationTakesAQuarterOfTheDraftsSteps() {
    var settings = TrainingSettings(network: "dense:canvas=128,revision=8", iterations: 100)
    #expect(settings.distillationIterations == 0)
    settings.teacherChecksum = "0"
    #expect(settings.distillationIterations == 20)
  }

  @Test func anUnknownNetworkIsRefused() {
    #expect(throws: ModelError.unknownNetwork("resnet")) { try TrainingSettings(network: "resnet").validate() }
  }
}
