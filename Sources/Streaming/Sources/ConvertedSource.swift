import FFmpeg
import Imaging
import Synchronization

/// A source whose frames are converted before they are painted. Everything else is that of the inner source.
final class ConvertedSource: FrameSource {
  /// Converts frames in order, on the thread that reads.
  protocol Conversion: AnyObject {
    /// Returns the properties of converted frames.
    func description(of source: VideoDescription) -> VideoDescription
    /// Returns the converted frame, which may be `frame` itself, without its times.
    func convert(_ frame: Frame) throws -> Frame
    /// Problems found so far, one sentence each.
    var warnings: [String] { get }
  }

  let description: VideoDescription
  private let inner: any FrameSource
  private let state: Mutex<State>

  private struct State: @unchecked Sendable {
    let conversion: any Conversion
    let frame: Frame
  }

  /// Creates a source of the frames of `inner`.
  ///
  /// - Throws: `MediaError` if memory is short.
  init(_ inner: any FrameSource, _ conversion: sending any Conversion) throws {
    self.inner = inner
    description = conversion.description(of: inner.description)
    state = Mutex(State(conversion: conversion, frame: try Frame()))
  }

  func read(into frame: Frame) throws -> Bool {
    try state.withLock { state in
      guard try inner.read(into: state.frame) else { return false }
      let converted = try state.conversion.convert(state.frame)
      try frame.reference(converted)
      frame.pts = state.frame.pts
      frame.duration = state.frame.duration
      return true
    }
  }

  func start(on threads: ThreadGroup) { inner.start(on: threads) }
  func stop() { inner.stop() }
  func openAudio() -> AudioTrack? { inner.openAudio() }
  var latestArrival: ContinuousClock.Instant { inner.latestArrival }
  var packets: (any PacketSource)? { inner.packets }
  var failure: (any Error)? { inner.failure }
  var reconnectCount: Int { inner.reconnectCount }
  var warnings: [String] { inner.warnings + state.withLock { $0.conversion.warnings } }
}

/// A colour in sRGB.
public struct BackgroundColor: Equatable, Sendable, CustomStringConvertible {
  /// The red component.
  public var red: UInt8
  /// The green component.
  public var green: UInt8
  /// The blue component.
  public var blue: UInt8

  /// Black.
  public static let black = BackgroundColor(red: 0, green: 0, blue: 0)

  /// Creates a colour.
  public init(red: UInt8, green: UInt8, blue: UInt8) { (self.red, self.green, self.blue) = (red, green, blue) }

  /// Creates the colour that `text` names: `white`, `#ff8000` or any other form that FFmpeg knows; nil if it names
  /// none.
  public init?(_ text: String) {
    guard let color = PixelColor(text) else { return nil }
    self.init(red: color.red, green: color.green, blue: color.blue)
  }

  /// The components in hexadecimal digits, `#rrggbb`, or `black`.
  public var description: String {
    self == .black
      ? "black"
      : "#" + [red, green, blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

/// Composites transparent frames over a background, for outputs without alpha.
final class Compositing: ConvertedSource.Conversion {
  private let background: BackgroundColor
  private let output: String
  private let picture = FloatPicture()
  private var reader = AdaptiveReader()
  private var writer: FrameWriter?
  private var hasTransparency = false

  /// Creates a conversion whose warning names `output`.
  init(over background: BackgroundColor, output: String) {
    self.background = background
    self.output = output
  }

  /// Opaque frames stay in their format, and its alpha is ignored.
  func description(of source: VideoDescription) -> VideoDescription { source }

  func convert(_ frame: Frame) throws -> Frame {
    if frame.isOpaque { return frame }
    hasTransparency = true
    try reader.read(frame, into: picture)
    picture.composite(
      over: (Float(background.red), Float(background.green), Float(background.blue)))
    let format = frame.format.withoutAlpha
    if writer?.format != format { writer = try FrameWriter(format, depth: frame.pixelFormat.bitDepth) }
    let result = try Frame(format)
    result.sampleAspectRatio = frame.sampleAspectRatio
    writer?.write(picture, blend: nil, into: result)
    return result
  }

  var warnings: [String] {
    hasTransparency
      ? [
        "\(output): the encoder stores no transparency; transparent parts were painted over the --background colour. "
          + "Another --codec keeps them: prores_ks in MOV, libvpx-vp9 in WebM, or PNG pictures"
      ] : []
  }
}

extension VideoFormat {
  /// The nearest format without alpha.
  var withoutAlpha: VideoFormat {
    let names =
      ["gray", "rgb24", "yuv420p", "yuv422p", "yuv444p", "gbrp10le", "gbrp12le", "gbrp16le", "gray10le", "gray16le"]
      + ["10le", "12le", "16le"].flatMap { depth in ["420", "422", "444"].map { "yuv\($0)p\(depth)" } }
    var result = self
    let source = pixelFormat.isPalette ? .rgba : pixelFormat
    result.pixelFormat =
      VideoCodec.bestPixelFormat(among: names.compactMap { PixelFormat(named: $0) }, for: source) ?? .rgb24
    result.color = color(encodedAs: result.pixelFormat)
    return result
  }
}
