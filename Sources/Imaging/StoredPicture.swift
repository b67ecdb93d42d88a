import FFmpeg

/// A picture as it is stored in a file, with all bits of its samples.
package struct StoredPicture: @unchecked Sendable {
  /// The decoded samples, in the orientation of the file.
  package let frame: Frame
  /// How the samples are to be turned.
  package let orientation: ExifOrientation
  /// What the file says besides its samples, for the upright picture.
  package let metadata: PictureMetadata
  let path: String

  /// Whether the samples have more than 8 bits.
  package var isDeep: Bool { frame.pixelFormat.isDeep }

  /// Whether no pixel is transparent.
  package var isOpaque: Bool { frame.isOpaque }

  /// The size of the upright picture.
  package var displaySize: (width: Int, height: Int) {
    orientation.swapsSides ? (frame.height, frame.width) : (frame.width, frame.height)
  }

  /// Returns the upright picture in 8 bits per sample.
  ///
  /// - Throws: ``PictureError`` if swscale cannot convert the samples.
  package func picture() throws(PictureError) -> Picture {
    try readable { try PictureFile.picture(of: frame) }.oriented(orientation)
  }

  /// Returns the upright picture in floats.
  ///
  /// - Throws: ``PictureError`` if swscale cannot convert the samples.
  package func floatPicture() throws(PictureError) -> FloatPicture {
    let picture = FloatPicture()
    try readable { try FrameReader(frame.format).read(frame, into: picture) }
    guard orientation != .upright else { return picture }
    let result = FloatPicture()
    picture.orient(orientation, into: result)
    return result
  }

  private func readable<Result>(_ read: () throws -> Result) throws(PictureError) -> Result {
    do {
      return try read()
    } catch let error as MediaError {
      throw .unreadable(path: path, reason: error.reason)
    } catch {
      throw .unreadable(path: path, reason: "\(error)")
    }
  }
}

extension FloatPicture {
  /// Writes the picture to `target` as a viewer displays it that applies `orientation`.
  func orient(_ orientation: ExifOrientation, into target: FloatPicture) {
    let map = orientation.map(width: width, height: height)
    target.resize(width: map.width, height: map.height, hasAlpha: alpha != nil)
    for y in 0..<map.height {
      for x in 0..<map.width {
        let (from, to) = (map.origin + x * map.right + y * map.down, y * map.width + x)
        for channel in 0..<3 { target.colours[3 * to + channel] = colours[3 * from + channel] }
        if let alpha, let targetAlpha = target.alpha { targetAlpha[to] = alpha[from] }
      }
    }
  }

  /// Creates the float picture of `picture`.
  package convenience init(_ picture: Picture) {
    self.init()
    resize(width: picture.width, height: picture.height, hasAlpha: picture.alpha != nil)
    for (index, value) in picture.pixels.enumerated() { colours[index] = Float(value) }
    if let values = picture.alpha, let alpha {
      for (index, value) in values.enumerated() { alpha[index] = Float(value) / 255 }
    }
  }
}

extension Picture {
  /// Returns the picture without alpha, with the colours of opaque pixels extended into transparent ones, as a network
  /// should see it. See ``ColourExtension``.
  package func extendingColours() -> Picture {
    guard alpha != nil else { return self }
    let floats = FloatPicture(self)
    ColourExtension().apply(to: floats)
    let pixels = (0..<3 * width * height).map { sample(floats.colours[$0]) }
    return Picture(width: width, height: height, pixels: pixels)
  }
}
