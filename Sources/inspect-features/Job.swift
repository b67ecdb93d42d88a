import ArgumentParser
import Console
import FeatureInspection
import Imaging
import Logging
import Networks
import Threading
import Training

/// What a run has found.
struct Findings {
  var picture: Picture
  var page: InspectionPage?
  var report: Report
}

/// A run of the program in one of its modes.
struct Job {
  let options: InspectFeatures
  let pool: ComputePool
  let interrupt: InterruptFlag

  // MARK: VGG-16

  func layerResponses(to input: String) throws -> Findings {
    let photo = try picture(input, size: options.size ?? 256, for: .features)
    let extractor = try extractor()
    let name = name(of: input)
    let layers = options.layers.isEmpty ? VGG16Activation.all : options.layers
    // Half of the work is to find the channels, half is to show what made each fire.
    let reporter = reporter("Inspecting", total: 2 * layers.count, units: .init(steps: "layers", rate: "layers/s"))
    let responses = LayerResponse.all(
      of: photo, name: name, layers: layers, count: options.channels, extractor: extractor, pool: pool
    ) { reporter.update(completed: $0) }
    let projection = UnitProjection(extractor: extractor, rectifier: options.gradient, pool: pool)
    var projections: [FeatureChannel: Picture] = [:]
    for (index, response) in responses.enumerated() {
      for channel in response.channels {
        try checkInterrupt()
        projections[channel.channel] = projection.picture(of: channel.strongest)
      }
      reporter.update(completed: layers.count + index + 1)
    }
    reporter.finish()
    let page =
      options.html == nil
      ? nil : InspectionLayout.page(photo: photo, name: name, responses, projections, options.gradient)
    return Findings(
      picture: InspectionLayout.grid(photo: photo, responses, projections).picture, page: page,
      report: Report(layers: responses.map(Report.Layer.init)))
  }

  func strongestPatches(of channel: FeatureChannel, in source: String) throws -> Findings {
    let sequence = try PictureSequence(source, list: nil, count: options.frames)
    let extractor = try extractor()
    let search = StrongestPatches(extractor: extractor, channels: [channel], pool: pool)
    let reporter = reporter(
      "Searching", total: sequence.count, units: .init(steps: "pictures", rate: "pictures/s"))
    var (done, tooSmall) = (0, 0)
    let unusable = try sequence.forEach { name, picture in
      try checkInterrupt()
      let picture = reduced(picture, to: options.size ?? 256)
      if min(picture.width, picture.height) < VGG16.minimumExtent {
        tooSmall += 1
      } else {
        try PictureMemory.check(width: picture.width, height: picture.height, for: .features, file: name)
        search.add(picture, name: name)
      }
      done += 1
      reporter.update(completed: done)
    }
    reporter.finish()
    let skipped = unusable + tooSmall
    guard skipped < sequence.count else { throw InspectionError.noPictures(source: source, count: skipped) }
    if skipped > 0 {
      Logger(label: "inspect-features").warning(
        "\(skipped) pictures could not be read, or are strips or too small, and were skipped")
    }
    let patches = search.patches(of: channel)
    guard !patches.isEmpty else { throw InspectionError.neverFires(channel: "\(channel)", source: source) }
    let projection = UnitProjection(extractor: extractor, rectifier: options.gradient, pool: pool)
    let pairs = patches.map { (patch: $0, projection: projection.picture(of: $0)) }
    return Findings(
      picture: InspectionLayout.grid(channel, pairs, options.gradient).picture,
      report: Report(patches: patches.map(Report.Patch.init), pictures: sequence.count - skipped))
  }

  func maximized() throws -> Findings {
    var search = ChannelMaximization(extractor: try extractor(), pool: pool)
    search.size = options.size ?? search.size
    search.steps = options.steps
    search.seed = UInt64(options.seed)
    let side = search.size + 2 * ChannelMaximization.margin
    try PictureMemory.check(width: side, height: side, for: .gradient, file: "")
    let total = options.steps * options.maximize.count
    let reporter = reporter("Maximizing", total: total, units: .init(steps: "steps", rate: "steps/s"))
    var pictures: [Picture] = []
    for (index, channel) in options.maximize.enumerated() {
      pictures.append(
        try search.picture(of: channel) { step, mean in
          try checkInterrupt()
          reporter.update(
            completed: index * options.steps + step, detail: "\(channel) at \(InspectionLayout.short(mean))")
        })
    }
    reporter.finish()
    let report = Report(maximized: options.maximize.map(\.description))
    if pictures.count == 1 { return Findings(picture: pictures[0], report: report) }
    let columns = Int(Double(pictures.count).squareRoot().rounded(.up))
    let cells = zip(pictures, options.maximize).map { LabelledGrid.Cell($0, "\($1)") }
    let rows = stride(from: 0, to: cells.count, by: columns).map {
      LabelledGrid.Row("", Array(cells[$0..<min($0 + columns, cells.count)]))
    }
    return Findings(picture: LabelledGrid(rows: rows).picture, report: report)
  }

  func reconstructed(_ input: String) throws -> Findings {
    let size = options.size ?? 256
    let photo = try picture(input, size: size, for: .gradient)
    let painting = try options.painting.map { try picture($0, size: size, for: .gradient) }
    var search = FeatureReconstruction(extractor: try extractor(), pool: pool)
    search.steps = options.steps
    search.seed = UInt64(options.seed)
    let subjects =
      [(name: "the picture", picture: photo, target: FeatureReconstruction.Target.content)]
      + (painting.map { [("the painting", $0, .texture)] } ?? [])
    let total = options.steps * options.reconstruct.count * subjects.count
    let reporter = reporter("Reconstructing", total: total, units: .init(steps: "steps", rate: "steps/s"))
    var rows: [LabelledGrid.Row] = []
    var losses: [Report.Reconstruction] = []
    var done = 0
    for subject in subjects {
      var cells = [LabelledGrid.Cell(subject.picture, subject.name)]
      for layer in options.reconstruct {
        var last = 0.0
        let result = try search.picture(of: subject.picture, subject.target, at: layer) { _, loss in
          try checkInterrupt()
          done += 1
          last = loss
          reporter.update(completed: done, detail: "\(subject.target.rawValue) of \(layer.name)")
        }
        losses.append(.init(layer: layer.name, target: subject.target.rawValue, loss: last))
        cells.append(.init(result, layer.name))
      }
      rows.append(.init("what each layer keeps: \(subject.target.rawValue)", cells))
    }
    reporter.finish()
    return Findings(picture: LabelledGrid(rows: rows).picture, report: Report(reconstructions: losses))
  }

  // MARK: The network of a style

  func network(_ style: String, painting input: String) throws -> Findings {
    let model = try StyleModel.load(path: Installation().styleFile(style))
    let photo = reduced(try PictureFile.read(input).flattened(), to: options.size ?? 512)
    try PictureMemory.check(width: photo.width, height: photo.height, for: model.definition, file: input)
    let reporter = reporter("Inspecting", total: nil, units: .init(steps: "passes", rate: "passes/s"))
    let inspection = try NetworkInspection(model, painting: photo, count: options.channels, pool: pool) {
      pass, passes in
      try checkInterrupt()
      reporter.update(completed: pass, detail: "of \(passes)")
    }
    reporter.finish()
    let title = model.style.isEmpty ? style : model.style
    return Findings(
      picture: InspectionLayout.grid(inspection, style: title).picture,
      page: options.html == nil ? nil : InspectionLayout.page(inspection, style: title, name: name(of: input)),
      report: Report(stages: inspection.stages.map(Report.Stage.init)))
  }

  // MARK: Parts

  private func extractor() throws -> VGG16 { try VGG16(path: Installation().vggWeights()) }

  private func reporter(_ title: String, total: Int?, units: ProgressReporter.Units) -> ProgressReporter {
    ProgressReporter(title: title, total: total, units: units, mode: options.progressOptions.mode)
  }

  private func checkInterrupt() throws {
    if interrupt.isRaised { throw ExitCode(interrupt.exitCode ?? 1) }
  }

  private func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

  private func picture(_ path: String, size: Int, for work: PictureMemory.Work) throws -> Picture {
    let picture = reduced(try PictureFile.read(path).flattened(), to: size)
    try PictureMemory.check(width: picture.width, height: picture.height, for: work, file: path)
    return picture
  }

  private func reduced(_ picture: Picture, to shortSide: Int) -> Picture {
    min(picture.width, picture.height) > shortSide ? picture.resized(shortSide: shortSide, pool: pool) : picture
  }
}
