import FFmpeg
import Files

/// Reads and writes picture files through libav.
public enum PictureFile {
  /// The maximum number of pixels of a picture: 16384 × 16384.
  public static let maximumPixelCount = 1 << 28

  /// Reads the first picture of a file in PNG, JPEG, WebP or any other format that libav decodes.
  ///
  /// The result is upright, because the EXIF orientation is applied, and has 8 bits per sample. Samples of more bits
  /// are reduced, with an error of at most one step. Colour profiles are ignored.
  ///
  /// - Throws: ``PictureError`` if the file cannot be read or the picture is too large.
  public static func read(_ path: String) throws(PictureError) -> Picture { try open(path).picture() }

  /// Reads the first picture of a file with all bits of its samples and its metadata.
  ///
  /// - Throws: ``PictureError`` if the file cannot be read or the picture is too large.
  package static func open(_ path: String) throws(PictureError) -> StoredPicture {
    do {
      let demuxer = try Demuxer(path: path)
      let stream = try demuxer.bestVideoStream()
      if stream.codecName == "ansi" { throw MediaError(operation: "read", file: path, message: "it is a text file") }
      if let format = stream.format { try checkSize(format.width, format.height, path) }
      let frame = try demuxer.firstFrame()
      try checkSize(frame.width, frame.height, path)
      let orientation = self.orientation(of: frame, stream) ?? StoredExif(path: path)?.orientation ?? .upright
      return StoredPicture(
        frame: frame, orientation: orientation, metadata: PictureMetadata(frame, orientation, path: path), path: path)
    } catch let error as PictureError {
      throw error
    } catch let error as MediaError {
      throw .unreadable(path: path, reason: error.reason)
    } catch {
      throw .unreadable(path: path, reason: "\(error)")
    }
  }

  /// Writes `picture` atomically, in the format that the extension of `path` names.
  ///
  /// If the format has no alpha, the picture is composited over white.
  ///
  /// - Throws: ``PictureError`` if the extension names no format or the file cannot be written.
  public static func write(_ picture: Picture, to path: String) throws(PictureError) {
    guard let format = PictureFormat(path: path) else { throw .unknownFormat(path: path) }
    try write(try encode(picture, as: format, for: path), to: path)
  }

  /// Writes `bytes` atomically to the file at `path`.
  ///
  /// - Throws: ``PictureError/unwritable(path:reason:)`` if the file cannot be written.
  public static func write(_ bytes: [UInt8], to path: String) throws(PictureError) {
    do {
      let file = try AtomicFile(path: path)
      try file.write(bytes)
      try file.commit()
    } catch {
      throw .unwritable(path: path, reason: error.reason)
    }
  }

  /// Encodes `picture` as a file of `format`.
  ///
  /// - Parameter path: The file that errors name.
  /// - Throws: ``PictureError/unwritable(path:reason:)`` if libav cannot encode the picture.
  public static func encode(
    _ picture: Picture, as format: PictureFormat, for path: String
  ) throws(PictureError) -> [UInt8] {
    try encode(picture, as: format, PictureMetadata(), for: path)
  }

  /// Encodes `picture` with the metadata that the format can hold.
  ///
  /// - Throws: See ``encode(_:as:for:)``.
  package static func encode(
    _ picture: Picture, as format: PictureFormat, _ metadata: PictureMetadata, for path: String
  ) throws(PictureError) -> [UInt8] {
    try writable(path) {
      let picture = format.hasAlpha ? picture : picture.flattened()
      if format.isSceneLinear {
        return try encode(try sceneFrame(of: picture, as: format), as: format, metadata, hasAlpha: picture.alpha != nil)
      }
      let (name, color) = format.pixelFormat(withAlpha: picture.alpha != nil)
      guard let pixelFormat = PixelFormat(named: name) else {
        throw MediaError(operation: "encode", file: nil, message: "libav has no pixel format \(name)")
      }
      let frame = try convert(
        try self.frame(of: picture),
        to: VideoFormat(width: picture.width, height: picture.height, pixelFormat: pixelFormat, color: color))
      return try encode(frame, as: format, metadata, hasAlpha: picture.alpha != nil)
    }
  }

  /// Encodes a frame in a pixel format of the encoder, with the metadata that the file format can hold.
  ///
  /// - Throws: See ``encode(_:as:for:)``.
  package static func encode(
    _ frame: Frame, as format: PictureFormat, _ metadata: PictureMetadata, for path: String
  ) throws(PictureError) -> [UInt8] {
    try writable(path) { try encode(frame, as: format, metadata, hasAlpha: frame.pixelFormat.hasAlpha) }
  }

  private static func encode(
    _ frame: Frame, as format: PictureFormat, _ metadata: PictureMetadata, hasAlpha: Bool
  ) throws -> [UInt8] {
    if let profile = metadata.iccProfile, format.holdsProfiles { try frame.setICCProfile(profile) }
    let settings = EncoderSettings(
      codec: format.encoderName, format: frame.format, options: format.options(isHalfPrecision: frame.isHalfPrecision))
    let file = try Encoder(settings).encodeStill(frame)
    return format.adding(metadata, to: file, width: frame.width, height: frame.height, hasAlpha: hasAlpha)
  }

  private static func writable<Result>(_ path: String, _ encode: () throws -> Result) throws(PictureError) -> Result {
    do {
      return try encode()
    } catch let error as MediaError {
      throw .unwritable(path: path, reason: error.reason)
    } catch {
      throw .unwritable(path: path, reason: "\(error)")
    }
  }

  // MARK: Frames

  /// Converts a video frame to an upright picture.
  static func uprightPicture(of frame: Frame, _ stream: MediaStream, path: String) throws -> Picture {
    try checkSize(frame.width, frame.height, path)
    return try picture(of: frame).oriented(orientation(of: frame, stream) ?? .upright)
  }

  private static func checkSize(_ width: Int, _ height: Int, _ path: String) throws {
    let (count, overflows) = width.multipliedReportingOverflow(by: height)
    if overflows || count > maximumPixelCount { throw PictureError.tooLarge(path: path, width: width, height: height) }
  }

  /// Converts `frame` to a format of the same size. Returns `frame` itself if it has the pixel format already.
  private static func convert(_ frame: Frame, to format: VideoFormat) throws -> Frame {
    if frame.pixelFormat == format.pixelFormat { return frame }
    let result = try Frame(format)
    try Scaler(from: frame.format, to: format).scale(frame, into: result)
    return result
  }

  /// Copies the samples of a decoded frame. The picture has an alpha plane only if a pixel is not opaque.
  ///
  /// Scene-linear light becomes sRGB. See ``SceneLight``.
  static func picture(of source: Frame) throws -> Picture {
    let frame = try source.format.isSceneLinear ? displayFrame(of: source) : source
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

  /// Converts scene-linear light to `rgb24` or `rgba`.
  private static func displayFrame(of frame: Frame) throws -> Frame {
    let format = VideoFormat(
      width: frame.width, height: frame.height, pixelFormat: frame.pixelFormat.hasAlpha ? .rgba : .rgb24, color: .sRGB)
    let picture = FloatPicture()
    try FrameReader(frame.format).read(frame, into: picture)
    SceneLight.convert(picture, from: frame.format, to: format)
    let result = try Frame(format)
    // Values are rounded, not dithered: the picture may become a style or a measurement.
    try FrameWriter(format, depth: 8).write(picture, blend: nil, into: result)
    return result
  }

  /// Converts the picture to scene-linear light.
  private static func sceneFrame(of picture: Picture, as format: PictureFormat) throws -> Frame {
    let source = VideoFormat(
      width: picture.width, height: picture.height, pixelFormat: picture.alpha == nil ? .rgb24 : .rgba, color: .sRGB)
    let target = try format.deepFormat(for: source, width: picture.width, height: picture.height)
    let floats = FloatPicture(picture)
    SceneLight.convert(floats, from: source, to: target)
    let frame = try Frame(target)
    try FrameWriter(target, depth: 8).write(floats, blend: nil, into: frame)
    frame.isHalfPrecision = true
    return frame
  }

  /// Copies the picture to a frame in `rgb24` or `rgba`.
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

  /// The orientation in the EXIF data that libav reads, or else that of the display matrix; nil if there is neither.
  private static func orientation(of frame: Frame, _ stream: MediaStream) -> ExifOrientation? {
    if let text = frame.metadata["Orientation"] {
      return Int(text.filter(\.isNumber)).flatMap(ExifOrientation.init(rawValue:)) ?? .upright
    }
    return (frame.displayMatrix ?? stream.displayMatrix).map { ExifOrientation($0) }
  }
}

extension MediaError {
  /// The message and libav's log line, without the operation and the file.
  var reason: String {
    let text = message.prefix(1).lowercased() + message.dropFirst()
    return logLine.map { "\(text) (\($0))" } ?? text
  }
}
