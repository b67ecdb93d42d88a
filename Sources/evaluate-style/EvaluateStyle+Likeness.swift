import ArgumentParser
import Console
import Foundation
import Imaging
import Logging
import Networks
import Streaming
import Threading
import Training

/// What `--likeness` does.
extension EvaluateStyle {
  func measureLikeness(styleImage: String, content: String, card: NotedCard?) throws {
    let installation = Installation()
    let pool = ComputePool(threads: threads)
    let model = painted.isEmpty ? try StyleModel.load(path: styleFile(installation)) : nil
    let painting = try StyleImage(path: styleImage, crop: styleCrop ?? model?.trainedStyleCrop ?? .none, pool: pool)
    let extractor = try VGG16(path: installation.vggWeights())
    let evaluator = LikenessEvaluator(extractor: extractor, painting: painting.scan, pool: pool)
    guard let model else { return try comparePainted(evaluator, with: content) }

    if (try? InputPath.checkDirectory(content)) == nil { try InputPath.checkFile(content) }
    let frames = try PictureSequence(content, list: photoList, count: self.frames)
    let ceiling = try optimize.map { steps in
      try LikenessCeiling(
        evaluator: objective(of: model, extractor: extractor, painting: painting.picture, pool: pool), lines: size,
        steps: steps
      )
    }
    if let save { try FileManager.default.createDirectory(atPath: save, withIntermediateDirectories: true) }

    let interrupt = InterruptFlag.install()
    let progress = ProgressReporter(
      title: "Painting", total: frames.count * lines.count, units: .init(steps: "pictures", rate: "pictures/s"),
      mode: progressOptions.mode)
    var found = lines.map { LikenessReport.Size(lines: $0) }
    var optimized: [Likeness] = []
    var done = 0
    let unusable = try frames.forEach { name, picture in
      for index in found.indices {
        guard !interrupt.isRaised else { throw ExitCode(interrupt.exitCode ?? 1) }
        let picture = picture.resized(shortSide: found[index].lines, pool: pool)
        let frame = evaluator.frame(picture)
        func likeness(of result: Picture, suffix: String = "") throws -> Likeness {
          try write(result, of: name, lines: found[index].lines, suffix: suffix)
          return evaluator.likeness(of: result, from: frame)
        }
        let result = try PictureStylization().run(picture, model: model, pool: pool)
        found[index].photos.append(LikenessReport.Photo(file: name, likeness: try likeness(of: result)))
        if index == 0, let ceiling {
          optimized.append(try likeness(of: try ceiling.picture(of: picture, pool: pool), suffix: "-optimized"))
        }
        done += 1
        progress.update(completed: done)
      }
    }
    progress.finish()
    let count = found.first?.photos.count ?? 0
    guard count > 0 else { throw TrainingError.unreadablePhotos(folder: content, count: unusable) }
    if unusable > 0 {
      Logger(label: "evaluate-style").warning("\(unusable) photos could not be read, or are strips, and were skipped")
    }
    let evaluation = StyleCard.LikenessEvaluation(
      photos: sample(count: count), sizes: found.map { .init(lines: $0.lines, mean: $0.mean) })
    if var card {
      card.content.likeness = evaluation
      try card.write()
    }
    try print(
      LikenessReport(
        style: model.style, network: model.definition.title, skipped: unusable, sizes: found, spread: evaluation.spread,
        optimized: optimized.isEmpty ? nil : .mean(optimized)))
  }

  /// What `--painted` does: the pictures of other programs, at their own size.
  private func comparePainted(_ evaluator: LikenessEvaluator, with content: String) throws {
    let picture = try PictureFile.read(content).flattened()
    let frame = evaluator.frame(picture)
    var found = LikenessReport.Size(lines: min(picture.width, picture.height))
    for path in painted {
      let result = try PictureFile.read(path).flattened()
      guard (result.width, result.height) == (picture.width, picture.height) else {
        throw TrainingError.invalidSetting(
          name: path, found: "\(result.width)×\(result.height) pixels",
          expected: "\(picture.width)×\(picture.height) as \(content) has")
      }
      let likeness = evaluator.likeness(of: result, from: frame)
      found.photos.append(LikenessReport.Photo(file: (path as NSString).lastPathComponent, likeness: likeness))
    }
    try print(LikenessReport(sizes: [found]))
  }

  private func print(_ report: LikenessReport) throws {
    if json { try JSONLine.print(report) } else { try StandardOutput.write(report.table) }
  }

  /// The training objective, for `--optimize`.
  private func objective(
    of model: StyleModel, extractor: VGG16, painting: Picture, pool: ComputePool
  ) throws -> StyleEvaluator {
    return try StyleEvaluator(
      extractor: extractor, style: painting,
      styleSize: styleSize ?? model.trainedStyleSize ?? TrainingSettings().styleSize,
      weights: objectiveWeights(of: model), pool: pool)
  }

  /// Where `--save` asks for it, as `NAME-LINES.png`.
  private func write(_ picture: Picture, of name: String, lines: Int, suffix: String) throws {
    guard let save else { return }
    let stem = name.replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: " ", with: "-")
    try PictureFile.write(picture, to: "\(save)/\(stem)-\(lines)\(suffix).png")
  }
}

/// The pictures that L-BFGS finds, for comparison.
private struct LikenessCeiling {
  let evaluator: StyleEvaluator
  /// The short side of the pictures whose pixels are changed.
  let lines: Int
  let steps: Int

  /// `frame` repainted by the objective itself, enlarged to its own size.
  func picture(of frame: Picture, pool: ComputePool) throws -> Picture {
    let small = frame.resized(shortSide: lines, pool: pool)
    let result = Picture(tensor: try evaluator.optimized(photo: small.tensor(), iterations: steps))
    return result.resized(width: frame.width, height: frame.height, pool: pool)
  }
}
