extension Picture {
  /// Returns the part of `width` × `height` pixels whose top left corner is `(x, y)`. It must lie within the picture.
  public func cropped(x: Int, y: Int, width: Int, height: Int) -> Picture {
    precondition(
      x >= 0 && y >= 0 && width >= 1 && height >= 1 && width <= self.width - x && height <= self.height - y,
      "a crop of \(width)x\(height) at (\(x), \(y)) from a picture of \(self.width)x\(self.height)")
    func crop(_ samples: [UInt8], channels: Int) -> [UInt8] {
      var result: [UInt8] = []
      result.reserveCapacity(width * height * channels)
      for row in y..<y + height {
        let start = (row * self.width + x) * channels
        result.append(contentsOf: samples[start..<start + width * channels])
      }
      return result
    }
    return Picture(
      width: width, height: height, pixels: crop(pixels, channels: 3), alpha: alpha.map { crop($0, channels: 1) })
  }

  /// Returns the central part of `width` × `height` pixels. If a margin is odd, the extra pixel is on the right or at
  /// the bottom.
  public func croppedToCenter(width: Int, height: Int) -> Picture {
    cropped(x: (self.width - width) / 2, y: (self.height - height) / 2, width: width, height: height)
  }

  /// Returns the picture flipped left to right.
  public func flippedHorizontally() -> Picture { oriented(.mirrored) }

  /// Returns the picture as a viewer displays it that applies `orientation`.
  public func oriented(_ orientation: ExifOrientation) -> Picture {
    if orientation == .upright { return self }
    let map = orientation.map(width: width, height: height)
    func rearrange(_ samples: [UInt8], channels: Int) -> [UInt8] {
      [UInt8](unsafeUninitializedCapacity: samples.count) { result, initializedCount in
        samples.withUnsafeBufferPointer { samples in
          for y in 0..<map.height {
            var source = (map.origin + y * map.down) * channels
            var target = y * map.width * channels
            for _ in 0..<map.width {
              for channel in 0..<channels {
                result.initializeElement(at: target + channel, to: samples[source + channel])
              }
              source += map.right * channels
              target += channels
            }
          }
        }
        initializedCount = samples.count
      }
    }
    return Picture(
      width: map.width, height: map.height, pixels: rearrange(pixels, channels: 3),
      alpha: alpha.map { rearrange($0, channels: 1) })
  }
}
