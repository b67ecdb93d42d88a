import Foundation
import Imaging
import Safetensors
import TestSupport
import Tensors
import Testing
import Threading
import Training

@Suite struct PictureOptimizationTests {
  private let folder: TemporaryFolder
  private let extractor: VGG16
  private let photo = Picture(tensor: syntheticImage(width: 72, height: 54, seed: 1))
  private let painting = Picture(tensor: syntheticImage(width: 60, height: 50, seed: 99))

  init() throws {
    folder = try TemporaryFolder()
    extractor = try SmallTraining.extractor()
  }

  private func settings(_ change: (inout OptimizationSettings) -> Void = { _ in }) -> OptimizationSettings {
    var settings = OptimizationSettings()
    (settings.size, settings.startSize, settings.iterations) = (48, 32, 4)
    change(&settings)
    return settings
  }

  private func run(
    _ settings: OptimizationSettings, paintings: [OptimizationPictures.Painting]? = nil, threads: Int = 2,
    inputs: [String] = ["a"], resumingFrom checkpoint: String? = nil
  ) throws -> PictureOptimization {
    try PictureOptimization(
      settings: settings, photo: settings.isTexture ? nil : photo,
      paintings: paintings ?? [.init(picture: painting)], inputs: inputs, extractor: extractor,
      pool: ComputePool(threads: threads), resumingFrom: checkpoint)
  }

  private func result(
    _ settings: OptimizationSettings, paintings: [OptimizationPictures.Painting]? = nil, threads: Int = 2
  ) throws -> Picture {
    let run = try run(settings, paintings: paintings, threads: threads)
    #expect(try run.run(shouldStop: { false }) { _ in } == .finished)
    return run.picture
  }

  @Test func canvasesDouble() {
    func sizes(_ size: Int, from start: Int = 128) -> [Int] {
      settings { ($0.size, $0.startSize) = (size, start) }.canvasSizes
    }
    #expect(sizes(512) == [128, 256, 512])
    #expect(sizes(4096) == [128, 256, 512, 1024, 2048, 4096])
    #expect(sizes(720) == [128, 256, 512, 720])
    // 512 would be within a quarter of 540.
    #expect(sizes(540) == [128, 256, 540])
    #expect(sizes(512, from: 512) == [512])
  }

  @Test(arguments: OptimizationSettings.Optimizer.allCases)
  func lowersTheLossOnEachCanvas(_ optimizer: OptimizationSettings.Optimizer) throws {
    let run = try run(settings { ($0.optimizer, $0.iterations) = (optimizer, 8) })
    var losses: [Int: [Double]] = [:]
    let outcome = try run.run(shouldStop: { false }) { losses[$0.lines, default: []].append($0.losses.total) }
    #expect(outcome == .finished)
    #expect(losses.keys.sorted() == [32, 48])
    for (lines, values) in losses {
      #expect(values.count == 9)
      #expect(try #require(values.last) < values[0], "\(lines): \(values)")
    }
    #expect(run.canvases.map(\.lines) == [32, 48])
    #expect((run.picture.width, run.picture.height) == (64, 48))
  }

  @Test(arguments: OptimizationSettings.Optimizer.allCases, OptimizationSettings.Start.allCases)
  func theSameSeedGivesTheSameBytes(
    _ optimizer: OptimizationSettings.Optimizer, _ start: OptimizationSettings.Start
  ) throws {
    let settings = settings { ($0.optimizer, $0.start) = (optimizer, start) }
    #expect(try result(settings) == result(settings, threads: 3))
  }

  @Test func seedsAndStartsMatter() throws {
    let noise = settings { $0.start = .noise }
    var other = noise
    other.seed = 2
    let pictures = try [noise, other, settings(), settings { $0.start = .painting }].map { try result($0) }
    for (index, picture) in pictures.enumerated() {
      for next in pictures[(index + 1)...] { #expect(picture != next) }
    }
  }

  @Test(arguments: OptimizationSettings.Optimizer.allCases, [0, 2, 3, 5, 9])
  func resumingGivesTheSameBytes(_ optimizer: OptimizationSettings.Optimizer, evaluationsBeforeStop: Int) throws {
    let settings = settings { $0.optimizer = optimizer }
    let whole = try result(settings)
    let checkpoint = folder.file("checkpoint")
    // Stops at a step, at the start of a canvas, or within an evaluation: whenever the run asks.
    var asked = 0
    let stopped = try run(settings)
    let outcome = try stopped.run(
      shouldStop: {
        asked += 1
        return asked > 3 * evaluationsBeforeStop
      }, onStep: { _ in })
    #expect(outcome == .interrupted)
    #expect((stopped.picture.width, stopped.picture.height) == (64, 48))
    try stopped.saveCheckpoint(to: checkpoint)
    let resumed = try run(settings, resumingFrom: checkpoint)
    #expect(resumed.completedIterations == stopped.completedIterations)
    #expect(try resumed.run(shouldStop: { false }) { _ in } == .finished)
    #expect(resumed.picture == whole)
  }

  @Test func checkpointsOfOtherRunsAreRefused() throws {
    let checkpoint = folder.file("checkpoint")
    try run(settings()).saveCheckpoint(to: checkpoint)
    #expect(throws: OptimizationError.otherRun(file: checkpoint, difference: "the settings")) {
      try run(settings { $0.iterations = 5 }, resumingFrom: checkpoint)
    }
    #expect(throws: OptimizationError.otherRun(file: checkpoint, difference: "the pictures, masks, shares or the crop"))
    {
      try run(settings(), inputs: ["b"], resumingFrom: checkpoint)
    }
    let other = folder.file("other")
    try SafetensorsWriter.write(tensors: [("start", Tensor(Shape([1, 32, 43, 3])))], metadata: [:], to: other)
    #expect(throws: OptimizationError.self) { try run(settings(), resumingFrom: other) }
  }

  @Test func damagedCheckpointsAreRefused() throws {
    let checkpoint = folder.file("checkpoint")
    let whole = try run(settings())
    try whole.saveCheckpoint(to: checkpoint)
    let reader = try SafetensorsReader(path: checkpoint)
    let start = try reader.tensor("start")
    start.pointer[5] = .nan
    try SafetensorsWriter.write(tensors: [("start", start)], metadata: reader.metadata, to: checkpoint)
    let error = #expect(throws: OptimizationError.self) { try run(settings(), resumingFrom: checkpoint) }
    #expect(error?.description.contains("its vector 'start' is not finite") == true, "\(error?.description ?? "")")
  }

  /// Only the content counts, and the photo is the start: the loss is 0, which no step lowers.
  @Test func aCanvasThatNeedsNoStepsSaysSo() throws {
    let settings = settings {
      $0.startSize = 48
      $0.weights = LossWeights(objective: .johnson, content: 1, style: 0, totalVariation: 0)
    }
    let run = try run(settings)
    var steps: [PictureOptimization.Step] = []
    #expect(try run.run(shouldStop: { false }) { steps.append($0) } == .finished)
    #expect(run.canvases.map(\.iterations) == [0] && steps.map(\.isLast) == [false, true])
    #expect(steps.last?.iteration == 0)
    #expect(steps.last?.completed == run.totalIterations)
  }

  @Test func aTextureHasThePaintingsShape() throws {
    let texture = try result(
      settings { ($0.isTexture, $0.start, $0.size) = (true, .noise, 40) })
    #expect((texture.width, texture.height) == (48, 40))
  }

  @Test func contentWithoutStyleKeepsThePhoto() throws {
    let settings = settings {
      $0.startSize = 48
      $0.weights.style = 0
    }
    // The palette belongs to style; tone changes brightness only, so the photo's own content stays.
    let run = try run(settings)
    var values: [Double] = []
    _ = try run.run(shouldStop: { false }) { values.append($0.losses[.style]) }
    #expect(values.allSatisfy { $0 == 0 })
  }

  @Test func preservedColoursAreThoseOfThePhoto() throws {
    let picture = try result(settings { $0.preservesColors = true })
    let small = photo.resized(width: picture.width, height: picture.height)
    var (same, count) = (0, 0)
    for index in stride(from: 0, to: picture.pixels.count, by: 3) {
      let found = picture.pixels[index..<index + 3].map(Int.init)
      let wanted = small.pixels[index..<index + 3].map(Int.init)
      // Luma moves all three channels alike, except where one of them is clamped.
      guard found.allSatisfy({ $0 > 0 && $0 < 255 }) else { continue }
      count += 1
      if found[0] - wanted[0] == found[1] - wanted[1] && found[1] - wanted[1] == found[2] - wanted[2] { same += 1 }
    }
    #expect(count > 100 && same == count, "\(same) of \(count)")
  }

  @Test func masksSayWhereAPaintingPaints() throws {
    func half(_ isWhite: (_ column: Int) -> Bool) -> Picture {
      Picture(
        width: 72, height: 54,
        pixels: (0..<72 * 54).flatMap { [UInt8](repeating: isWhite($0 % 72) ? 255 : 0, count: 3) })
    }
    let red = Picture(width: 60, height: 50, red: 220, green: 40, blue: 40)
    let blue = Picture(width: 60, height: 50, red: 40, green: 40, blue: 220)
    let result = try result(
      settings(),
      paintings: [
        .init(picture: red, photoMask: half { $0 < 36 }), .init(picture: blue, photoMask: half { $0 >= 36 }),
      ])
    func redness(_ columns: Range<Int>) -> Int {
      (0..<result.height).reduce(0) { sum, y in
        columns.reduce(sum) { $0 + Int(result[$1, y].red) - Int(result[$1, y].blue) }
      } / (columns.count * result.height)
    }
    let (left, right) = (redness(0..<result.width / 3), redness(2 * result.width / 3..<result.width))
    #expect(left > right + 5, "\(left), \(right)")
  }

  @Test func badSettingsAreRefusedInOneSentence() throws {
    let cases: [(String, (inout OptimizationSettings) -> Void)] = [
      ("the size is 8, expected 32 to 4096 lines", { $0.size = 8 }),
      ("the first size is 64, expected 32 to 48 lines", { $0.startSize = 64 }),
      (
        "the sum of the content weight and the style weight is 0, expected more than 0",
        { ($0.weights.content, $0.weights.style) = (0, 0) }
      ),
      ("the style weight is -1.0", { $0.weights.style = -1 }),
      ("a texture has no photo", { $0.isTexture = true }),
      ("more than 0: without a photo", { ($0.isTexture, $0.start, $0.weights.style) = (true, .noise, 0) }),
      ("the side of a tile is 100", { $0.tileSide = 100 }),
    ]
    for (words, change) in cases {
      let error = #expect(throws: TrainingError.self) { try settings(change).validate() }
      #expect(error?.description.contains(words) == true, "\(words): \(error?.description ?? "")")
    }
  }

  @Test func memoryLimitsTheHistory() throws {
    let settings = settings { $0.size = 4096 }
    let (width, height) = (6144, 4096)
    func history(_ available: Int) throws -> Int {
      try OptimizationMemory.history(width: width, height: height, settings: settings, available: available)
    }
    #expect(try history(64 << 30) == 10)
    let fewer = try history(16 << 30)
    #expect((3..<10).contains(fewer), "\(fewer)")
    #expect(throws: OptimizationError.self) { try history(4 << 30) }
  }
}
