import CImpasto
import CInterface
import Inference
import Kernels
import Networks
import TestSupport
import Testing
import Threading

/// A folder with two small styles, `random` without a canvas and `canvas` with one, and a damaged one.
struct StyleFolder {
  let folder: TemporaryFolder
  let models: [String: StyleModel]

  init() throws {
    folder = try TemporaryFolder()
    models = ["random": try randomModel(seed: 1), "canvas": try randomModel(seed: 2, network: canvasNetwork)]
    for (name, model) in models { try model.save(path: folder.file("\(name).safetensors")) }
    try folder.write(Array("no model".utf8), to: "damaged.safetensors")
  }

  /// Opens a style of this folder through the header.
  func open(_ name: String, _ change: (inout impasto_options) -> Void = { _ in }) -> (
    status: impasto_status, style: OpaquePointer?
  ) {
    folder.path.withCString { models in
      var options = impasto_default_options()
      options.models = models
      options.threads = 2
      change(&options)
      var style: OpaquePointer?
      let status = impasto_open(name, &options, &style)
      return (status, style)
    }
  }

  /// Opens a style that has to exist.
  func style(_ name: String, _ change: (inout impasto_options) -> Void = { _ in }) throws -> OpaquePointer {
    let (status, style) = open(name, change)
    #expect(status == IMPASTO_OK, "\(lastError)")
    return try #require(style)
  }

  /// Returns what the engine paints of RGB24.
  func painted(_ name: String, _ picture: TestPicture, lines: Int? = nil) throws -> [UInt8] {
    let model = try #require(models[name])
    let engine = try StyleEngine(
      model: try PreparedModel(model), width: picture.width, height: picture.height, pool: ComputePool(threads: 1),
      canvasLines: lines)
    var result = [UInt8](repeating: 0, count: picture.rgb.count)
    let stride = 3 * picture.width
    try engine.stylize(picture.rgb, sourceStride: stride, into: &result, destinationStride: stride)
    return result
  }
}

/// A random picture in RGB24, and its alpha.
struct TestPicture {
  let width: Int
  let height: Int
  let rgb: [UInt8]
  let alpha: [UInt8]

  init(width: Int, height: Int, seed: UInt64 = 1) {
    var random = Random(seed: seed)
    (self.width, self.height) = (width, height)
    rgb = (0..<3 * width * height).map { _ in UInt8(truncatingIfNeeded: random.next() >> 20) }
    alpha = (0..<width * height).map { _ in UInt8(truncatingIfNeeded: random.next() >> 20) }
  }

  init(width: Int, height: Int, rgb: [UInt8], alpha: [UInt8]) {
    (self.width, self.height, self.rgb, self.alpha) = (width, height, rgb, alpha)
  }

  /// Returns the pixels in a format, rows `gap` bytes of 99 apart.
  func pixels(_ format: impasto_pixel_format, gap: Int = 0) -> [UInt8] {
    (0..<height).flatMap { y -> [UInt8] in
      let row = (y * width..<(y + 1) * width).flatMap { (index: Int) -> [UInt8] in
        let red = rgb[3 * index]
        let green = rgb[3 * index + 1]
        let blue = rgb[3 * index + 2]
        switch format {
        case IMPASTO_RGB: return [red, green, blue]
        case IMPASTO_BGR: return [blue, green, red]
        case IMPASTO_RGBA: return [red, green, blue, alpha[index]]
        case IMPASTO_BGRA: return [blue, green, red, alpha[index]]
        default: return [luma(red, green, blue)]
        }
      }
      return row + [UInt8](repeating: 99, count: gap)
    }
  }
}

/// The luma, rounded to nearest.
private func luma(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> UInt8 {
  let value: Double = 0.299 * Double(red) + 0.587 * Double(green) + 0.114 * Double(blue)
  return UInt8(value.rounded())
}

/// The bytes of a pixel in a format.
func byteCount(_ format: impasto_pixel_format) -> Int {
  switch format {
  case IMPASTO_RGB, IMPASTO_BGR: 3
  case IMPASTO_RGBA, IMPASTO_BGRA: 4
  default: 1
  }
}

/// The sentence of the last failed call of this thread.
var lastError: String { String(cString: impasto_last_error()) }

/// Paints `source` in one format into `target` in another, both with rows `gap` bytes apart.
func paint(
  _ style: OpaquePointer?, _ source: inout [UInt8], _ format: impasto_pixel_format, into target: inout [UInt8],
  _ targetFormat: impasto_pixel_format, width: Int, height: Int, gap: Int = 0
) -> impasto_status {
  source.withUnsafeMutableBytes { from in
    target.withUnsafeMutableBytes { to in
      var source = impasto_image(
        pixels: from.baseAddress, width: Int32(width), height: Int32(height),
        stride: width * byteCount(format) + gap, format: Int32(format.rawValue))
      var target = impasto_image(
        pixels: to.baseAddress, width: Int32(width), height: Int32(height),
        stride: width * byteCount(targetFormat) + gap, format: Int32(targetFormat.rawValue))
      return impasto_paint(style, &source, &target)
    }
  }
}
