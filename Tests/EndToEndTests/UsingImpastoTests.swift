import Foundation
import Imaging
import Inference
import Networks
import Streaming
import TestSupport
import Testing
import Threading

// The declarations between the marks are identical to those in docs/Impasto.docc/UsingImpasto.md. A test compares them.

// MARK: Paint a picture

/// Paints the picture at `input` in the style of the model file `style`.
func paint(_ input: String, style: String, to output: String) throws {
  let model = try StyleModel.load(path: style)
  let picture = try PictureFile.read(input)
  let pool = ComputePool()
  let painted = try PictureStylization().run(picture, model: model, pool: pool)
  try PictureFile.write(painted, to: output)
}

// MARK: Paint frames

/// Paints frames of one size in place.
final class Painter {
  private let engine: StyleEngine

  init(model: StyleModel, width: Int, height: Int) throws {
    engine = try StyleEngine(model: model, width: width, height: height, pool: ComputePool())
  }

  /// `frame` holds rows of `width` pixels of three bytes, one behind the other.
  func paint(_ frame: inout [UInt8]) throws {
    let stride = 3 * engine.width
    precondition(frame.count == stride * engine.height)
    try frame.withUnsafeMutableBufferPointer { bytes in
      guard let pixels = bytes.baseAddress else { return }
      try engine.stylize(pixels, sourceStride: stride, into: pixels, destinationStride: stride)
    }
  }
}

// MARK: Tests

/// Tests the tutorial for programs that use the libraries.
@Suite struct UsingImpastoTests {
  private let width = 40
  private let height = 28

  private func noise(seed: UInt64) -> [UInt8] {
    var random = Random(seed: seed)
    return random.uniform(count: 3 * width * height, in: 0...255).map { UInt8($0) }
  }

  @Test func theTutorialsCodePaintsAPicture() throws {
    let folder = try TemporaryFolder()
    let (input, style) = (folder.file("in.png"), folder.file("style.safetensors"))
    let (output, plain) = (folder.file("out.png"), noise(seed: 1))
    let model = try randomModel(seed: 2)
    try model.save(path: style)
    try PictureFile.write(Picture(width: width, height: height, pixels: plain), to: input)
    try paint(input, style: style, to: output)
    let painted = try PictureFile.read(output)
    #expect(painted.width == width && painted.height == height)
    #expect(painted.pixels != plain)

    // PNG is lossless, so both APIs give the same pixels.
    var frame = plain
    try Painter(model: model, width: width, height: height).paint(&frame)
    #expect(frame == painted.pixels)
  }

  /// The tutorial's code blocks, without imports, are the declarations of this file.
  @Test(arguments: ["Paint a picture", "Paint frames"])
  func theTutorialContainsThisCode(section: String) throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    let article = folder.appending(path: "../../docs/Impasto.docc/UsingImpasto.md").standardizedFileURL
    let text = try String(contentsOf: article, encoding: .utf8)
    let source = try String(contentsOf: URL(filePath: #filePath), encoding: .utf8)
    let shown = try #require(
      text.components(separatedBy: "### \(section)\n").last?.components(separatedBy: "```swift\n").dropFirst().first?
        .components(separatedBy: "\n```").first)
    let compiled = try #require(
      source.components(separatedBy: "// MARK: \(section)\n").dropFirst().first?.components(separatedBy: "// MARK: ")
        .first)
    func declarations(_ code: String) -> [Substring] {
      code.split(separator: "\n").filter { !$0.hasPrefix("import ") }
    }
    #expect(declarations(shown) == declarations(compiled))
    let imports = shown.split(separator: "\n").filter { $0.hasPrefix("import ") }
    #expect(!imports.isEmpty && imports.allSatisfy { source.contains("\n\($0)\n") || source.hasPrefix("\($0)\n") })
  }
}
