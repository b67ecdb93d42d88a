import Testing
import Training

@Suite struct TrainingGuardTests {
  private func observation(
    _ iteration: Int, total: Double = 100, output: Double = 50, photos: Double = 60, painting: Double = 60
  ) -> TrainingGuard.Observation {
    .init(iteration: iteration, total: total, output: output, photos: photos, painting: painting)
  }

  /// Passes `count` steps with the same loss to the guard and returns the first trouble.
  private func show(_ watch: inout TrainingGuard, from first: Int, count: Int, total: Double) -> TrainingGuard.Trouble?
  {
    for iteration in first..<first + count {
      if let trouble = watch.observe(observation(iteration, total: total)).trouble { return trouble }
    }
    return nil
  }

  @Test func theStateAfterEachFullWindowIsGood() {
    var watch = TrainingGuard()
    let good = (1...3 * TrainingGuard.window).filter { watch.observe(observation($0)).isGood }
    #expect(good == [1, 2, 3].map { $0 * TrainingGuard.window })
  }

  @Test func lossesFarAboveTheBestAreTrouble() {
    var watch = TrainingGuard()
    let window = TrainingGuard.window
    #expect(show(&watch, from: 1, count: window, total: 100) == nil)
    #expect(show(&watch, from: window + 1, count: window, total: 390) == nil)
    #expect(show(&watch, from: 2 * window + 1, count: window, total: 410) == .risen(mean: 410, best: 100))
  }

  @Test func numbersThatAreNotFiniteAreTrouble() {
    var watch = TrainingGuard()
    for total in [Double.nan, .infinity] {
      let result = watch.observe(observation(1, total: total))
      #expect(result.trouble == .notFinite("loss") && !result.isGood)
    }
  }

  @Test func outputsWithoutContrastAreTroubleIfTheInputsHaveContrast() {
    func firstTrouble(photos: Double, painting: Double) -> Int? {
      var watch = TrainingGuard()
      return (1...100).first {
        watch.observe(observation($0, output: 0.5, photos: photos, painting: painting)).trouble == .collapsed
      }
    }
    // Contrast may be missing for 50 steps, and then for fewer than 10 consecutive ones.
    #expect(firstTrouble(photos: 60, painting: 60) == 60)
    #expect(firstTrouble(photos: 5, painting: 60) == nil)
    #expect(firstTrouble(photos: 60, painting: 5) == nil)
  }

  @Test func eachRecoveryHalvesTheRateAndTheFifthIsRefused() {
    var watch = TrainingGuard()
    for expected in [0.5, 0.25, 0.125, 0.0625] {
      let goesOn = watch.recover()
      #expect(goesOn)
      #expect(watch.rateScale == expected)
    }
    let goesOnAgain = watch.recover()
    #expect(!goesOnAgain)
    #expect(watch.recoveries == 4)
  }
}

@Suite struct GradientScaleTests {
  @Test func onlyLongGradientsAreClipped() {
    var watch = TrainingGuard()
    for norm in [1.0, 0.8, 1.2] { #expect(watch.gradientScale(norm: norm) == 1) }
    let scale = watch.gradientScale(norm: 100)
    // 1.5 times the running mean, which is about 1, divided by 100.
    #expect((0.014...0.016).contains(scale), "\(scale)")
    // The clipped norm of the outlier enters the running mean, so the next outlier is clipped too.
    #expect(watch.gradientScale(norm: 100) < 0.017)
    #expect(watch.gradientScale(norm: 1) == 1)
  }

  @Test(arguments: [0, Double.nan, .infinity])
  func zeroAndNonFiniteGradientsAreNotScaled(_ norm: Double) {
    var watch = TrainingGuard()
    #expect(watch.gradientScale(norm: norm) == 1)
  }
}
