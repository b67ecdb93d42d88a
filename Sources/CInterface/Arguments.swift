import CImpasto
import Glibc
import Kernels
import Networks

/// A picture in the caller's memory, with checked sizes.
struct ImageView {
  /// The sizes that the engine supports.
  static let extents: ClosedRange<Int32> = 1...65536

  let pixels: UnsafeMutablePointer<UInt8>
  let stride: Int
  let width: Int
  let height: Int
  let order: PixelOrder

  /// Checks what the caller says about `image`, which messages call `name`.
  init(_ image: UnsafePointer<impasto_image>?, _ name: String) throws(Failure) {
    guard let image = image?.pointee else { throw Failure(IMPASTO_INVALID_ARGUMENT, "the \(name) is null") }
    guard let pixels = image.pixels else {
      throw Failure(IMPASTO_INVALID_ARGUMENT, "the pixels of the \(name) are null")
    }
    try Self.check(width: image.width, height: image.height, name)
    guard let order = Self.order(image.format) else {
      throw Failure(
        IMPASTO_INVALID_ARGUMENT,
        "the pixel format \(image.format) of the \(name) is unknown; expected 0 to \(PixelOrder.allCases.count - 1)")
    }
    (width, height, stride) = (Int(image.width), Int(image.height), image.stride)
    let row = width * order.byteCount
    guard stride >= row else {
      throw Failure(
        IMPASTO_INVALID_ARGUMENT,
        "rows of the \(name) \(stride) bytes apart overlap; \(width) pixels of \(order.byteCount) bytes need \(row)")
    }
    let (size, overflows) = stride.multipliedReportingOverflow(by: height)
    guard !overflows, !UInt(bitPattern: pixels).addingReportingOverflow(UInt(size)).overflow else {
      throw Failure(
        IMPASTO_INVALID_ARGUMENT, "\(height) rows of the \(name) \(stride) bytes apart do not fit into memory")
    }
    self.pixels = pixels.assumingMemoryBound(to: UInt8.self)
    self.order = order
  }

  /// Checks a size in pixels.
  static func check(width: Int32, height: Int32, _ name: String) throws(Failure) {
    guard extents.contains(width), extents.contains(height) else {
      throw Failure(
        IMPASTO_INVALID_ARGUMENT,
        "the \(name) has \(width)×\(height) pixels; expected 1×1 to \(extents.upperBound)×\(extents.upperBound)")
    }
  }

  private static func order(_ format: Int32) -> PixelOrder? {
    switch impasto_pixel_format(UInt32(bitPattern: format)) {
    case IMPASTO_RGB: .rgb
    case IMPASTO_BGR: .bgr
    case IMPASTO_RGBA: .rgba
    case IMPASTO_BGRA: .bgra
    case IMPASTO_GRAY: .gray
    default: nil
    }
  }

  /// The addresses from the first pixel to the last.
  private var addresses: Range<UInt> {
    let start = UInt(bitPattern: pixels)
    return start..<start + UInt(stride * (height - 1) + width * order.byteCount)
  }

  /// Checks that this picture can be painted into `target`.
  func check(target: ImageView) throws(Failure) {
    guard (width, height) == (target.width, target.height) else {
      throw Failure(
        IMPASTO_INVALID_ARGUMENT,
        "the source has \(width)×\(height) pixels and the target \(target.width)×\(target.height); expected the same")
    }
    guard addresses.overlaps(target.addresses) else { return }
    guard pixels == target.pixels, stride == target.stride, order.byteCount == target.order.byteCount else {
      throw Failure(
        IMPASTO_INVALID_ARGUMENT,
        "source and target overlap; expected separate memory, or the same with the same stride and bytes per pixel")
    }
  }
}

/// How to paint a picture.
struct PaintSettings {
  /// From 0 to 1.
  var strength: Float
  var preservesColors: Bool
  /// Nil for the size that the model has learned.
  var strokes: Strokes?
}

/// The options of a style that is opened.
struct OpenOptions {
  /// Nil for one per processor.
  var threads: Int?
  var denoises = false
  var settings = PaintSettings(strength: 1, preservesColors: false, strokes: nil)
  /// Where to look for models.
  var folders: StyleFolders

  /// Checks the caller's options; null for the default.
  init(_ pointer: UnsafePointer<impasto_options>?) throws {
    guard let pointer else {
      folders = try Self.folders(nil)
      return
    }
    // A caller with an older header has a shorter structure.
    let size = UnsafeRawPointer(pointer).load(as: Int.self)
    guard size >= MemoryLayout<impasto_options>.size, size < 1 << 16 else {
      throw Failure(
        IMPASTO_INVALID_ARGUMENT,
        "the options say that they have \(size) bytes; expected \(MemoryLayout<impasto_options>.size), as "
          + "impasto_default_options() sets")
    }
    let options = pointer.pointee
    guard (0...256).contains(options.threads) else {
      throw Failure(IMPASTO_INVALID_ARGUMENT, "\(options.threads) threads were chosen; expected 0 to 256")
    }
    threads = options.threads == 0 ? nil : Int(options.threads)
    denoises = options.denoise
    settings = PaintSettings(
      strength: try Self.strength(options.strength), preservesColors: options.preserve_colors,
      strokes: try Self.strokes(options.stroke_size))
    folders = try Self.folders(options.models)
  }

  /// Checks a strength.
  static func strength(_ value: Float) throws(Failure) -> Float {
    // The comparison is false for NaN.
    guard value >= 0, value <= 1 else {
      throw Failure(IMPASTO_INVALID_ARGUMENT, "the strength is \(value); expected 0 to 1")
    }
    return value
  }

  /// Parses a stroke size; null for nil.
  static func strokes(_ text: UnsafePointer<CChar>?) throws -> Strokes? {
    try text.map { try Strokes(try string($0, "stroke size")) }
  }

  /// Returns the text of the caller, which messages call `name`.
  static func string(_ text: UnsafePointer<CChar>, _ name: String) throws(Failure) -> String {
    guard let text = String(validatingCString: text) else {
      throw Failure(IMPASTO_INVALID_ARGUMENT, "the \(name) is not UTF-8")
    }
    return text
  }

  /// Returns the folders in which to look for models: the caller's, or the usual ones.
  static func folders(_ models: UnsafePointer<CChar>?) throws(Failure) -> StyleFolders {
    if let models { return StyleFolders([try string(models, "folder with the models")]) }
    let variable = getenv("IMPASTO_MODELS").map { ["IMPASTO_MODELS": String(cString: $0)] }
    return StyleFolders(environment: variable ?? [:], libraryIn: libraryFolder)
  }

  /// The folder of the library; nil if it is unknown.
  private static let libraryFolder: String? = {
    guard let path = impasto_library_path() else { return nil }
    defer { free(path) }
    let text = String(cString: path)
    return text.lastIndex(of: "/").map { String(text[..<$0]) }
  }()
}
