import ArgumentParser
import Console
import Foundation
import Imaging
import Networks
import Streaming
import Threading
import Training

/// What `--slow` does: the network beside the slow method, as in figure 5 of Johnson et al.
extension EvaluateStyle {
  func compareWithSlowMethod(styleImage: String, content: String, steps: Int) throws {
    let installation = Installation()
    let pool = ComputePool(threads: threads)
    let model = try StyleModel.load(path: styleFile(installation))
    let painting = try StyleImage(path: styleImage, crop: styleCrop ?? model.trainedStyleCrop, pool: pool)
    let extractor = try VGG16(path: installation.vggWeights())
    let likeness = LikenessEvaluator(extractor: extractor, painting: painting.scan, pool: pool)
    let frames = try PictureSequence(content, list: photoList, count: self.frames)
    if let save { try FileManager.default.createDirectory(atPath: save, withIntermediateDirectories: true) }

    let interrupt = InterruptFlag.install()
    let progress = ProgressReporter(
      title: "Comparing", total: frames.count * lines.count * steps, units: .init(steps: "steps", rate: "steps/s"),
      mode: progressOptions.mode, showsFirstStep: true)
    var found = lines.map { SlowReport.Size(lines: $0) }
    var done = 0
    _ = try frames.forEach { name, picture in
      for index in found.indices {
        let lines = found[index].lines
        let evaluator = try StyleEvaluator(
          extractor: extractor, style: painting.picture,
          styleSize: paintingLines(of: model, pictureLines: lines, painting),
          weights: objectiveWeights(of: model), pool: pool)
        let comparison = SlowComparison(
          model: model, evaluator: evaluator, likeness: likeness,
          photo: picture.resized(shortSide: lines, pool: pool), pool: pool)
        let result = try comparison.run(steps: steps, keeping: save == nil ? [] : [25, 100, 400]) { completed, loss in
          guard !interrupt.isRaised else { throw ExitCode(interrupt.exitCode ?? 1) }
          progress.update(
            completed: done + completed, detail: "\(name), \(lines) lines  loss " + String(format: "%.4g", loss))
        }
        done += steps
        found[index].photos.append(result.photo(named: name))
        if let save {
          let stem = name.replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: " ", with: "-")
          let painted = painting.picture.resized(shortSide: lines, pool: pool)
          try PictureFile.write(
            Picture.grid([[comparison.photo, painted] + result.pictures]), to: "\(save)/\(stem)-\(lines)-slow.png")
        }
      }
    }
    progress.finish()
    let report = SlowReport(
      style: model.style, network: model.definition.title, objective: objectiveWeights(of: model).objective.rawValue,
      threads: pool.threadCount, sizes: found)
    if json { try JSONLine.print(report) } else { try StandardOutput.write(report.table) }
  }

  /// The short side of the painting for pictures of this size: as in training, and for networks with a canvas as much
  /// larger as the picture is, since their strokes grow with it.
  private func paintingLines(of model: StyleModel, pictureLines: Int, _ painting: StyleImage) -> Int {
    let trained = styleSize ?? model.trainedStyleSize ?? TrainingSettings().styleSize
    guard let canvas = model.definition.canvasLines, trained > 0 else { return trained }
    return min(
      Int((Double(trained) * Double(pictureLines) / Double(canvas)).rounded()),
      min(painting.picture.width, painting.picture.height))
  }
}

/// One photo at one size: the network's picture, and how the slow method comes to it.
struct SlowComparison {
  let model: StyleModel
  let evaluator: StyleEvaluator
  let likeness: LikenessEvaluator
  let photo: Picture
  let pool: ComputePool

  /// The number of steps between two measurements of the likeness.
  private static let measuredSteps = 5

  /// What was found.
  struct Result {
    var network: SlowReport.Network
    var marks: [SlowReport.Mark]
    /// The slow method's pictures at the steps to keep, then the network's.
    var pictures: [Picture]

    func photo(named name: String) -> SlowReport.Photo {
      func reached(_ condition: (SlowReport.Mark) -> Bool) -> SlowReport.Reached? {
        marks.first(where: condition).map {
          .init(iterations: $0.iterations, timesLonger: $0.seconds / max(network.seconds, 1e-9))
        }
      }
      return SlowReport.Photo(
        file: name, network: network, marks: marks, objective: reached { $0.loss <= network.loss },
        likeness: reached { ($0.likeness ?? -.infinity) >= network.likeness })
    }
  }

  /// Paints the photo both ways.
  ///
  /// - Parameters:
  ///   - kept: The steps whose pictures are returned.
  ///   - onStep: Receives the number of steps and the loss. Its errors end the comparison.
  func run(steps: Int, keeping kept: [Int], _ onStep: (Int, Double) throws -> Void) throws -> Result {
    let frame = likeness.frame(photo)
    // The first run reads the weights into memory.
    _ = try PictureStylization().run(photo, model: model, pool: pool)
    let start = ContinuousClock.now
    let painted = try PictureStylization().run(photo, model: model, pool: pool)
    let seconds = (ContinuousClock.now - start).seconds
    let measured = likeness.likeness(of: painted, from: frame)
    let network = SlowReport.Network(
      seconds: seconds, loss: evaluator.losses(output: painted.tensor(), photo: photo.tensor()).total,
      likeness: measured.likeness, content: measured.content)

    var pictures: [Picture] = []
    var marks: [SlowReport.Mark] = []
    var spent = 0.0
    func timed<Value>(_ work: () throws -> Value) rethrows -> Value {
      let start = ContinuousClock.now
      defer { spent += (ContinuousClock.now - start).seconds }
      return try work()
    }
    let method = try timed { try evaluator.pixelMinimizer(photo: photo.tensor()) }
    for step in 1...steps {
      let isLowered = try timed { try method.step() }
      var mark = SlowReport.Mark(iterations: step, seconds: spent, loss: method.value)
      if step % Self.measuredSteps == 0 || step == steps || !isLowered {
        let found = likeness.likeness(of: Picture(tensor: method.picture), from: frame)
        (mark.likeness, mark.content) = (found.likeness, found.content)
      }
      marks.append(mark)
      if kept.contains(step) { pictures.append(Picture(tensor: method.picture)) }
      try onStep(step, method.value)
      if !isLowered { break }
    }
    return Result(network: network, marks: marks, pictures: pictures + [painted])
  }
}
