import FFmpeg
import Files

/// Reads and writes picture files through libav.
public enum PictureFile {
  /// The most pixels that a picture may have: 16384 x 16384.
  public static let maximumPixelCount = 1 << 28

  /// Reads the first picture of a file: PNG, JPEG, WebP and whatever else libav decodes.
  ///
  /// It comes out upright whatever its EXIF orientation, with 8 bits per sample: deeper samples lose their lower bits and
  /// end up within one step of what they were. Colour profiles are not applied. Throws ``PictureError``.
  public static func read(_ path: String) throws(PictureError) -> Picture {
    let picture: Picture
    let orientation: ExifOrientation
    do {
      let demuxer = try Demuxer(path: path)
      let stream = try demuxer.bestVideoStream()
      if stream.codecName == "ansi" { throw MediaError(operation: "read", file: path, message: "it is a text") }
      if let format = stream.format { try checkSize(format.width, format.height, path) }
      let frame = try demuxer.firstFrame()
      try checkSize(frame.width, frame.height, path)
      orientation = self.orientation(of: frame, stream) ?? StoredOrientation.read(path) ?? .upright
      picture = try self.picture(of: frame)
    } catch let error as PictureError {
      throw error
    } catch let error as MediaError {
      throw .unreadable(path: path, reason: error.reason)
    } catch {
      throw .unreadable(path: path, reason: "\(error)")
    }
    return picture.oriented(orientation)
  }

  /// Writes `picture` in the format that the extension of `path` names. The file appears whole or not at all.
  ///
  /// For a format without alpha, the picture is laid over white. Throws ``PictureError``.
  public static func write(_ picture: Picture, to path: String) throws(PictureError) {
    guard let format = PictureFormat(path: path) else { throw .unknownFormat(path: path) }
    try write(try encode(picture, as: format, for: path), to: path)
  }

  /// Writes the content of a file, which appears whole or not at all. Throws ``PictureError``.
  public static func write(_ bytes: [UInt8], to path: String) throws(PictureError) {
    do {
      let file = try AtomicFile(path: path)
      try file.write(bytes)
      try file.commit()
    } catch {
      throw .unwritable(path: path, reason: error.reason)
    }
  }

  /// The content of a file of `format`; `path` is named in errors. Throws ``PictureError``.
  public static func encode(
    _ picture: Picture, as format: PictureFormat, for path: String
  ) throws(PictureError) -> [UInt8] {
    do {
      return try encode(picture, as: format)
    } catch let error as MediaError {
      throw .unwritable(path: path, reason: error.reason)
    } catch {
      throw .unwritable(path: path, reason: "\(error)")
    }
  }

  private static func encode(_ picture: Picture, as format: PictureFormat) throws -> [UInt8] {
    let picture = format.hasAlpha ? picture : picture.flattened()
    let (name, color) = format.pixelFormat(withAlpha: picture.alpha != nil)
    guard let pixelFormat = PixelFormat(named: name) else {
      throw MediaError(operation: "encode", file: nil, message: "libav has no pixel format \(name)")
    }
    let frame = try convert(
      try self.frame(of: picture),
      to: VideoFormat(width: picture.width, height: picture.height, pixelFormat: pixelFormat, color: color))
    let settings = EncoderSettings(codec: format.encoderName, format: frame.format, options: format.options)
    return try Encoder(settings).encodeStill(frame)
  }

  // MARK: Frames

  /// A film's frame as a picture, upright.
  static func uprightPicture(of frame: Frame, _ stream: MediaStream, path: String) throws -> Picture {
    try checkSize(frame.width, frame.height, path)
    return try picture(of: frame).oriented(orientation(of: frame, stream) ?? .upright)
  }

  private static func checkSize(_ width: Int, _ height: Int, _ path: String) throws {
    let (count, overflows) = width.multipliedReportingOverflow(by: height)
    if overflows || count > maximumPixelCount { throw PictureError.tooLarge(path: path, width: width, height: height) }
  }

  /// `frame` in another format of the same size; itself if nothing changes.
  private static func convert(_ frame: Frame, to format: VideoFormat) throws -> Frame {
    if frame.pixelFormat == format.pixelFormat { return frame }
    let result = try Frame(format)
    try Scaler(from: frame.format, to: format).scale(frame, into: result)
    return result
  }

  /// The samples of a decoded frame; alpha only where something is not opaque.
  static func picture(of frame: Frame) throws -> Picture {
    let hasAlpha = frame.pixelFormat.hasAlpha
    let format = VideoFormat(
      width: frame.width, height: frame.height, pixelFormat: hasAlpha ? .rgba : .rgb24, color: .sRGB)
    let converted = try convert(frame, to: format)
    let (width, height) = (frame.width, frame.height)
    guard let base = converted.plane(0) else {
      throw MediaError(operation: "decode", file: nil, message: "the decoded frame is empty")
    }
    let stride = converted.stride(0)
    let channels = hasAlpha ? 4 : 3
    let pixels = [UInt8](unsafeUninitializedCapacity: 3 * width * height) { samples, initializedCount in
      for y in 0..<height {
        let row = base + y * stride
        for x in 0..<width {
          for channel in 0..<3 {
            samples.initializeElement(at: 3 * (y * width + x) + channel, to: row[x * channels + channel])
          }
        }
      }
      initializedCount = 3 * width * height
    }
    guard hasAlpha else { return Picture(width: width, height: height, pixels: pixels) }
    let alpha = [UInt8](unsafeUninitializedCapacity: width * height) { samples, initializedCount in
      for y in 0..<height {
        let row = base + y * stride
        for x in 0..<width { samples.initializeElement(at: y * width + x, to: row[4 * x + 3]) }
      }
      initializedCount = width * height
    }
    let isOpaque = alpha.allSatisfy { $0 == 255 }
    return Picture(width: width, height: height, pixels: pixels, alpha: isOpaque ? nil : alpha)
  }

  /// The picture as a frame of `rgb24` or `rgba`.
  private static func frame(of picture: Picture) throws -> Frame {
    let hasAlpha = picture.alpha != nil
    let frame = try Frame(
      VideoFormat(
        width: picture.width, height: picture.height, pixelFormat: hasAlpha ? .rgba : .rgb24, color: .sRGB))
    guard let base = frame.plane(0) else {
      throw MediaError(operation: "encode", file: nil, message: "the allocated frame is empty")
    }
    let stride = frame.stride(0)
    picture.pixels.withUnsafeBufferPointer { pixels in
      for y in 0..<picture.height {
        let row = base + y * stride
        let source = y * picture.width
        for x in 0..<picture.width {
          let target = row + x * (hasAlpha ? 4 : 3)
          for channel in 0..<3 { target[channel] = pixels[3 * (source + x) + channel] }
          if let alpha = picture.alpha { target[3] = alpha[source + x] }
        }
      }
    }
    return frame
  }

  /// The orientation that libav found in the EXIF data, or how a player would turn a film; nil if there is neither.
  private static func orientation(of frame: Frame, _ stream: MediaStream) -> ExifOrientation? {
    if let text = frame.metadata["Orientation"] {
      return Int(text.filter(\.isNumber)).flatMap(ExifOrientation.init(rawValue:)) ?? .upright
    }
    return (frame.displayMatrix ?? stream.displayMatrix).map { ExifOrientation($0) }
  }
}

extension MediaError {
  /// The message with what libav logged, without operation and file.
  var reason: String {
    let text = message.prefix(1).lowercased() + message.dropFirst()
    return logLine.map { "\(text) (\($0))" } ?? text
  }
}
