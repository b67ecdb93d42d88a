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
  /// The side at which one measurement paints, and what it found, photo by photo.
  struct LikenessSeries {
    var lines: Int
    var photos: [(file: String, likeness: Likeness)] = []
    var mean: Likeness { .mean(photos.map(\.likeness)) }
  }

  func measureLikeness() throws {
    let installation = Installation()
    let table = try card.map { try Self.table(ofCard: $0) }
    let model = try StyleModel.load(path: installation.styleFile(style))
    let pool = ComputePool(threads: threads)
    let painting = try StyleImage(path: styleImage)
    let extractor = try VGG16(path: installation.vggWeights())
    let frames = try LikenessFrames(content, list: photoList, count: self.frames)
    if let save { try FileManager.default.createDirectory(atPath: save, withIntermediateDirectories: true) }
    let evaluator = LikenessEvaluator(extractor: extractor, painting: painting.picture, pool: pool)
    let ceiling = try optimize.map { steps in
      try LikenessCeiling(
        evaluator: objective(of: model, extractor: extractor, painting: painting.picture, pool: pool), lines: size,
        steps: steps)
    }

    let interrupt = InterruptFlag.install()
    let progress = ProgressReporter(
      title: "Painting", total: frames.count * lines.count, units: .init(steps: "pictures", rate: "pictures/s"),
      isQuiet: quiet)
    var series = lines.map { LikenessSeries(lines: $0) }
    var optimized: [Likeness] = []
    var done = 0
    let unusable = try frames.forEach { name, picture in
      for index in series.indices {
        guard !interrupt.isRaised else { throw ExitCode(interrupt.exitCode ?? 1) }
        let frame = picture.resized(shortSide: series[index].lines, pool: pool)
        let painted = try PictureStylization().run(frame, model: model, pool: pool)
        let reference = evaluator.frame(frame)
        series[index].photos.append((name, evaluator.likeness(of: painted, from: reference)))
        try write(painted, of: name, lines: series[index].lines)
        if index == 0, let ceiling {
          let picture = ceiling.picture(of: frame, pool: pool)
          optimized.append(evaluator.likeness(of: picture, from: reference))
          try write(picture, of: name, lines: series[index].lines, suffix: "-optimized")
        }
        done += 1
        progress.update(completed: done)
      }
    }
    progress.finish()
    guard !series[0].photos.isEmpty else {
      throw TrainingError.unreadablePhotos(folder: content, count: unusable)
    }
    if unusable > 0 {
      Logger(label: "evaluate-style").warning("\(unusable) photos could not be read, or are strips, and were skipped")
    }
    let note = LikenessNote(
      photoCount: series[0].photos.count, photoList: photoList.map { ($0 as NSString).lastPathComponent },
      means: series.map { (lines: $0.lines, likeness: $0.mean) })
    if let card, var changed = table {
      note.write(to: &changed)
      try changed.markdown.write(toFile: OutputPath.resolve(card), atomically: true, encoding: .utf8)
    }
    let report = LikenessReport(
      style: model.style, network: model.definition.title, skipped: unusable, spread: note.spread,
      sizes: series.map(LikenessReport.Size.init), optimized: optimized.isEmpty ? nil : .mean(optimized))
    if json { try JSONLine.print(report) } else { try StandardOutput.write(report.table) }
  }

  /// The training objective, for `--optimize`.
  private func objective(
    of model: StyleModel, extractor: VGG16, painting: Picture, pool: ComputePool
  ) throws -> StyleEvaluator {
    let trained = model.trainedWeights
    let weights = LossWeights(
      content: contentWeight ?? trained.content, style: styleWeight ?? trained.style,
      totalVariation: tvWeight ?? trained.totalVariation)
    return try StyleEvaluator(
      extractor: extractor, style: painting,
      styleSize: styleSize ?? model.trainedStyleSize ?? TrainingSettings().styleSize, weights: weights, pool: pool)
  }

  private func write(_ picture: Picture, of name: String, lines: Int, suffix: String = "") throws {
    guard let save else { return }
    let stem = (name as NSString).deletingPathExtension.replacingOccurrences(of: "/", with: "_")
    try PictureFile.write(picture, to: "\(save)/\(stem)-\(lines)\(suffix).png")
  }
}

/// The pictures that L-BFGS finds, for comparison.
struct LikenessCeiling {
  let evaluator: StyleEvaluator
  /// The short side of the pictures that are optimised.
  let lines: Int
  let steps: Int

  /// `frame` repainted by the objective itself, at its own size.
  func picture(of frame: Picture, pool: ComputePool) -> Picture {
    let small = frame.resized(shortSide: lines, pool: pool)
    let result = Picture(tensor: evaluator.optimized(photo: small.tensor(), iterations: steps))
    return result.resized(width: frame.width, height: frame.height, pool: pool)
  }
}
