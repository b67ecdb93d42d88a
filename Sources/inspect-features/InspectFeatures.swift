import ArgumentParser
import Console
import FeatureInspection
import Foundation
import Imaging
import Kernels
import Networks
import Threading
import Training

/// The command `inspect-features`.
struct InspectFeatures: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect-features",
    abstract: "Shows what the neurons of a network look for.",
    usage: """
      inspect-features <picture> <output> [<options>]
      inspect-features <folder or film> <output> --channel relu3_3:107
      inspect-features <output> --maximize relu3_3:107
      inspect-features <picture> <output> --reconstruct relu4_3
      inspect-features <picture> <output> --network starry
      """,
    discussion: """
      Without an option, the output shows for each layer of VGG-16, the recognition network from which styles are learned, \
      the channels that respond most to the picture, and what in the picture made their strongest neurons fire.

      The layers are \(VGG16Activation.all.map(\.name).joined(separator: ", ")).

      The output file appears only when it is complete.
      """,
    version: Program.version)

  @Argument(
    help: ArgumentHelp(
      "The picture to look at and the picture to write. The picture to write alone with --maximize.",
      valueName: "files"))
  var files: [String] = []

  @Option(
    help: ArgumentHelp(
      "Find where in a folder of photos, or in the frames of a film, this channel fires most: the nine strongest "
        + "patches, beside what in each made it fire.", valueName: "layer:n"),
    transform: { try FeatureChannel($0) })
  var channel: FeatureChannel?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Find the picture that excites this channel most; several channels give a grid.", valueName: "layer:n"),
    transform: { try FeatureChannel($0) })
  var maximize: [FeatureChannel] = []

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Find what these layers keep of the picture, and of a painting with --painting.", valueName: "layer"),
    transform: { try VGG16Activation(known: $0) })
  var reconstruct: [VGG16Activation] = []

  @Option(help: "With --reconstruct: the painting whose texture to find.")
  var painting: String?

  @Option(
    help: ArgumentHelp(
      "Look into the network of this style instead of VGG-16: what each channel paints where.", valueName: "style"))
  var network: String?

  @Option(
    help: ArgumentHelp(
      "Also write a page to walk through the layers, in one file for any browser.", valueName: "page.html"))
  var html: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("The layers of VGG-16 to show. (default: all)", valueName: "layer"),
    transform: { try VGG16Activation(known: $0) })
  var layers: [VGG16Activation] = []

  @Option(
    help: "The number of channels of each layer to show.", transform: ArgumentValues.integer(in: 1...32))
  var channels = 6

  @Option(
    help: ArgumentHelp(
      "How to find what made a neuron fire: \(RectifierGradient.allCases.map(\.rawValue).joined(separator: ", ")).",
      discussion: """
        deconvolution is that of Zeiler and Fergus, guided is guided backpropagation by Springenberg et al., exact is the \
        gradient.
        """, valueName: "rule"))
  var gradient = RectifierGradient.deconvolution

  @Option(
    help: """
      The short side in pixels at which pictures are shown to the network; smaller pictures keep their size. The side of \
      the pictures of --maximize. (default: 256; 512 with --network, 224 with --maximize)
      """,
    transform: ArgumentValues.integer(in: 32...4096))
  var size: Int?

  @Option(
    help: "With --channel: the number of frames to take from a film.",
    transform: ArgumentValues.integer(in: 1...100_000))
  var frames = 100

  @Option(
    help: "With --maximize and --reconstruct: the number of steps.", transform: ArgumentValues.integer(in: 1...100_000))
  var steps = 256

  @Option(
    help: "With --maximize and --reconstruct: the seed of the first picture. The same seed gives the same picture.",
    transform: ArgumentValues.integer(in: 0...Int.max))
  var seed = 1

  @Option(
    help: "The number of compute threads. (default: one per processor)", transform: ArgumentValues.integer(in: 1...256))
  var threads: Int?

  @Flag(help: "Print one JSON object on standard output.")
  var json = false

  @OptionGroup
  var progressOptions: ProgressOptions

  /// The picture to look at; nil with `--maximize`.
  var input: String? { maximize.isEmpty ? files.first : nil }

  func validate() throws {
    let choices = [
      ("--channel", channel != nil), ("--maximize", !maximize.isEmpty), ("--reconstruct", !reconstruct.isEmpty),
      ("--network", network != nil),
    ].filter(\.1).map(\.0)
    if choices.count > 1 { throw ValidationError("\(choices[0]) and \(choices[1]) cannot be combined") }
    let expected = maximize.isEmpty ? 2 : 1
    guard files.count == expected else {
      throw ValidationError(
        expected == 1
          ? "--maximize takes one file, the picture to write, found \(files.count)"
          : "expected two files, the picture to look at and the picture to write, found \(files.count)")
    }
    if painting != nil && reconstruct.isEmpty { throw ValidationError("--painting requires --reconstruct") }
    if html != nil, !(choices.isEmpty || network != nil) {
      throw ValidationError("--html cannot be combined with \(choices[0])")
    }
    if !layers.isEmpty && !choices.isEmpty { throw ValidationError("--layers cannot be combined with \(choices[0])") }
  }

  func run() throws {
    guard let output = files.last else { throw ValidationError("expected the picture to write") }
    let inputs = [input, painting].compactMap { $0 }
    for (index, path) in inputs.enumerated() where index > 0 || channel == nil || !isFolder(path) {
      try InputPath.checkFile(path)
    }
    let target = try OutputPath.resolve(output, inputs: inputs)
    guard let format = PictureFormat(path: output) else { throw PictureError.unknownFormat(path: output) }
    let page = try html.map { try OutputPath.resolve($0, inputs: inputs + [target]) }
    if let page, URL(fileURLWithPath: page).standardized == URL(fileURLWithPath: target).standardized {
      throw ValidationError("--html and the output are the same file, \(output)")
    }

    let start = ContinuousClock.now
    let pool = ComputePool(threads: threads)
    let interrupt = InterruptFlag.install()
    let job = Job(options: self, pool: pool, interrupt: interrupt)
    var found: Findings
    if let channel, let input {
      found = try job.strongestPatches(of: channel, in: input)
    } else if !maximize.isEmpty {
      found = try job.maximized()
    } else if !reconstruct.isEmpty, let input {
      found = try job.reconstructed(input)
    } else if let network, let input {
      found = try job.network(network, painting: input)
    } else if let input {
      found = try job.layerResponses(to: input)
    } else {
      throw ValidationError("expected the picture to look at")
    }

    let bytes = try PictureFile.encode(found.picture, as: format, for: output)
    let text = try html.flatMap { path in try found.page?.html(for: path) }
    try PictureFile.write(bytes, to: target)
    if let page, let text {
      try PictureFile.write(Array(text.utf8), to: page)
      found.report.html = html
    }
    found.report.output = output
    found.report.seconds = (ContinuousClock.now - start).seconds
    found.report.peakMemoryMB = PeakMemory.megabytes
    if json { try JSONLine.print(found.report) }
  }

  private func isFolder(_ path: String) -> Bool { (try? InputPath.checkDirectory(path)) != nil }
}

extension RectifierGradient: ExpressibleByArgument {}
