import Autograd
import Foundation
import TestSupport
import Tensors
import Testing
import Threading
import Training

@Suite struct ObjectiveTests {
  /// Losses of different definitions are not comparable, so a change of these texts separates old from new cards.
  @Test func theDefinitionsNameEveryTermWithItsFactors() {
    #expect(
      Objective.balanced.scaling
        == "VGG-16 (Caffe), input 0-255; content: MSE of relu4_1, each channel centred and scaled over the picture, "
        + "and MSE of the luma of blocks of 16 over the painting's variance; style: sum of MSE of Gram matrices over "
        + "the painting's mean square, relu1_2 and relu2_2 8 times, relu3_3 3 times, relu4_3 once, half of it at half "
        + "the size, and 3 times MSE of the second moments of (Y, Cb, Cr, 1) over the painting's mean square; total "
        + "variation: sum of squared neighbour differences per image")
    #expect(
      Objective.johnson.scaling
        == "VGG-16 (Caffe), input 0-255; content: MSE of relu3_3; style: sum of MSE of Gram matrices F F^T/(C H W) of "
        + "relu1_2, relu2_2, relu3_3, relu4_3; total variation: sum of squared neighbour differences per image")
  }

  @Test func reportsNameTheLayersAndThenTheOtherLosses() {
    #expect(LossName.reported.map(\.name) == ["relu1_2", "relu2_2", "relu3_3", "relu4_3", "palette"])
  }

  /// Names are columns of logs and keys of reports and cards, beside those of the groups.
  @Test func everyReportedNameIsUnique() {
    let others = ["iteration", "total", "learning_rate", "file", "tv", "styleLayers", "totalVariation"]
    let names = LossName.reported.map(\.name) + LossGroup.allCases.map(\.rawValue) + others
    #expect(Set(names).count == names.count, "\(names)")
  }

  @Test func objectivesAreStoredByName() throws {
    for objective in Objective.allCases {
      let stored = try JSONEncoder().encode([objective])
      #expect(String(decoding: stored, as: UTF8.self) == #"["\#(objective.rawValue)"]"#)
      #expect(try JSONDecoder().decode([Objective].self, from: stored) == [objective])
    }
    #expect(Set(Objective.allCases).count == 2 && Objective(rawValue: "other") == nil)
    #expect(throws: DecodingError.self) { try JSONDecoder().decode([Objective].self, from: Data(#"["other"]"#.utf8)) }
  }

  // MARK: Weights

  /// Photos as outputs, others as their photos, and the painting, with an extractor of random weights.
  private struct Problem {
    let training: SmallTraining
    let extractor: VGG16
    let pool = ComputePool(threads: 2)
    let outputs = batch([1, 2, 3])
    let photos = batch([4, 5, 6])

    init() throws {
      training = try SmallTraining()
      extractor = try SmallTraining.extractor()
    }

    private static func batch(_ seeds: [UInt32]) -> Tensor {
      Tensor(
        Shape(batch: seeds.count, height: 64, width: 64, channels: 3),
        elements: seeds.flatMap { syntheticImage(width: 64, height: 64, seed: $0).elements })
    }

    /// The losses of `outputs` and their gradient. Each image goes through the extractor by itself, so that a loss is
    /// made of shares.
    func result(_ weights: LossWeights, outputs: Tensor) -> (losses: LossParts, gradient: [Float]) {
      let loss = PerceptualLoss(
        extractor: extractor, style: syntheticImage(width: 48, height: 40, seed: 7), weights: weights, tape: makeTape(),
        pixelsAtOnce: 64 * 64)
      let (tape, output) = (makeTape(), Variable(outputs, requiresGradient: true))
      let losses = loss(output: output, photos: photos, on: tape)
      tape.backward()
      return (losses, output.gradient?.elements ?? [Float](repeating: 0, count: outputs.count))
    }

    private func makeTape() -> Tape { Tape(pool: pool, allocator: TensorAllocator()) }
  }

  private static let groups: [LossGroup] = [.content, .style, .totalVariation]

  /// Weights of which only that of `group` is not 0.
  private func weights(_ objective: Objective, _ group: LossGroup, _ weight: Double) -> LossWeights {
    LossWeights(
      objective: objective, content: group == .content ? weight : 0, style: group == .style ? weight : 0,
      totalVariation: group == .totalVariation ? weight : 0)
  }

  @Test(arguments: Objective.allCases, groups)
  func theWeightOfAGroupMultipliesItsLossesAndTheirGradient(_ objective: Objective, _ group: LossGroup) throws {
    let problem = try Problem()
    let once = problem.result(weights(objective, group, 1), outputs: problem.outputs)
    let twice = problem.result(weights(objective, group, 2), outputs: problem.outputs)
    #expect(once.losses[group] > 0 && once.losses.total == once.losses[group])
    #expect(once.losses.names.allSatisfy { $0.group == group })
    // Doubling changes no digit.
    #expect(twice.losses[group] == 2 * once.losses[group])
    #expect(twice.gradient == once.gradient.map { 2 * $0 })
  }

  /// Central differences of a loss over 0.3 % of it to each side. Single precision changes them by less than a
  /// thousandth; ReLUs and poolings that switch in between, by more.
  private static let differenceTolerance = 0.05

  /// The reported losses and the gradient have the same weights: the slope along the gradient is its length.
  @Test(arguments: Objective.allCases, groups)
  func theGradientIsThatOfTheReportedLosses(_ objective: Objective, _ group: LossGroup) throws {
    let problem = try Problem()
    let weights = weights(objective, group, 1)
    let start = problem.result(weights, outputs: problem.outputs)
    let square = start.gradient.reduce(0) { $0 + Double($1) * Double($1) }
    try #require(square > 0)
    let step = 0.003 * start.losses.total / square
    func total(_ step: Double) -> Double {
      let moved = zip(problem.outputs.elements, start.gradient).map { Float(Double($0) + step * Double($1)) }
      return problem.result(weights, outputs: Tensor(problem.outputs.shape, elements: moved)).losses.total
    }
    let slope = (total(step) - total(-step)) / (2 * step)
    #expect(abs(slope / square - 1) <= Self.differenceTolerance, "\(slope) for \(square)")
  }
}
