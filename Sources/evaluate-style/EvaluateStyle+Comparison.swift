import ArgumentParser
import Console
import Foundation
import Imaging
import Logging
import Networks
import Streaming
import Tensors
import Threading
import Training

/// What `--report` does.
extension EvaluateStyle {
  /// The photos or frames of a report, those of them that sequences are made of, and the side of the sequences.
  private static let (pictureCount, sequenceCount, sequenceSide) = (4, 2, 256)

  func compareStyles(_ report: String, content: String) throws {
    let installation = Installation()
    if (try? InputPath.checkDirectory(content)) == nil { try InputPath.checkFile(content) }
    let names = styles.isEmpty ? [style ?? Installation.defaultStyle] : styles
    let files = try names.map { try installation.styleFile($0) }
    let target = try OutputPath.resolve(report, inputs: files)
    let pool = ComputePool(threads: threads)
    let size = lines[0]
    var photos: [(name: String, picture: Picture)] = []
    let sequence = try PictureSequence(
      content, list: photoList, count: Self.pictureCount, limit: Self.pictureCount)
    let unusable = try sequence.forEach { name, picture in
      photos.append((name, picture.resized(shortSide: size, pool: pool)))
    }
    guard !photos.isEmpty else { throw TrainingError.unreadablePhotos(folder: content, count: unusable) }
    if unusable > 0 {
      Logger(label: "evaluate-style").warning("\(unusable) photos could not be read, or are strips, and were skipped")
    }

    let interrupt = InterruptFlag.install()
    let steps = photos.count + 1
    let progress = ProgressReporter(
      title: "Painting", total: files.count * steps, units: .init(steps: "pictures", rate: "pictures/s"),
      mode: progressOptions.mode)
    var done = 0
    func advance() throws {
      guard !interrupt.isRaised else { throw ExitCode(interrupt.exitCode ?? 1) }
      done += 1
      progress.update(completed: done)
    }
    var entries: [StyleComparison.Entry] = []
    for (name, file) in zip(names, files) {
      let model = try StyleModel.load(path: file)
      let style = try NamedStyle(name, path: file)
      var painted: [Picture] = []
      for photo in photos {
        painted.append(try PictureStylization().run(photo.picture, styles: [(style, 1)], pool: pool))
        try advance()
      }
      let stability = try stability(of: style, photos.prefix(Self.sequenceCount).map(\.picture), pool)
      try advance()
      let known = StyleFiles(model: file)
      entries.append(
        StyleComparison.Entry(
          name: known.name, network: model.definition.title, parameters: model.definition.parameterCount,
          painting: try? PictureFile.read(known.painting), painted: painted, stability: stability,
          likeness: (try? StyleCard(path: known.card))?.likeness))
    }
    progress.finish()
    let html = try StyleComparison.html(entries, photos: photos, lines: size, path: report)
    try PictureFile.write(Array(html.utf8), to: target)
  }

  /// Measures how steady sequences made of photos are.
  private func stability(of style: NamedStyle, _ photos: [Picture], _ pool: ComputePool) throws -> TemporalReport {
    let stylizer = try style.model.makeStylizer(
      width: Self.sequenceSide, height: Self.sequenceSide, canvasLines: style.model.canvasLines(for: .medium),
      pool: pool, memoryLimit: nil)
    var failure: (any Error)?
    let evaluator = TemporalEvaluator(size: Self.sequenceSide, pool: pool) { frame in
      let result = Tensor(frame.shape, zeroed: true)
      do {
        try withExtendedLifetime(frame) { try stylizer.stylize(UnsafePointer(frame.pointer), into: result.pointer) }
      } catch {
        failure = error
      }
      return result
    }
    let reports = photos.enumerated().map { evaluator.report(photo: $1, seed: UInt64($0 + 1)) }
    if let failure { throw failure }
    return .mean(reports)
  }
}
