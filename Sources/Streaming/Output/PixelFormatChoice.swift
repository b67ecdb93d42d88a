import FFmpeg

extension EncoderChoice {
  /// Returns the format in which to encode a video of `source`: the encoder's nearest that holds the source's depth,
  /// chroma and alpha.
  ///
  /// Grey and the interleaved 8-bit RGB of pictures and screens become 4:2:0, which every player supports, in codecs
  /// for players. More bits and planar RGB are used by those who edit, so they keep their full chroma.
  ///
  /// - Throws: ``EncodingError/pixelFormatNotInCodec(name:codec:supported:)``, ``EncodingError/lightOfHDR(codec:)``.
  func pixelFormat(for source: VideoFormat) throws -> PixelFormat {
    let result = try nearestPixelFormat(to: source)
    if source.color.isHDR, result.hasFloatSamples { throw EncodingError.lightOfHDR(codec: codec.name) }
    return result
  }

  private func nearestPixelFormat(to source: VideoFormat) throws -> PixelFormat {
    let supported = codec.pixelFormats
    if let requested = requestedPixelFormat {
      guard requested.isWritable, supported.isEmpty || supported.contains(requested) else {
        throw EncodingError.pixelFormatNotInCodec(
          name: requested.name, codec: codec.name, supported: supported.filter(\.isWritable).map(\.name))
      }
      return requested
    }
    // An encoder that lists no formats stores samples as they are.
    // A network paints grey in colour.
    var candidates = (supported.isEmpty ? Self.commonFormats : supported).filter {
      $0.isWritable && !$0.isGray
    }
    // The full range of these formats is a tag in all others. JPEG has no tag.
    let (full, tagged) = (candidates.filter(\.isFullRangeByName), candidates.filter { !$0.isFullRangeByName })
    candidates = codec.name == "mjpeg" && !full.isEmpty ? full : tagged
    // x264 and x265 cannot crop chroma to an odd size.
    if ["libx264", "libx264rgb", "libx265"].contains(codec.name) {
      let isOddAcross = source.width % 2 != 0
      let isOddDown = source.height % 2 != 0
      candidates = candidates.filter {
        !(isOddAcross && $0.chromaShift.horizontal > 0) && !(isOddDown && $0.chromaShift.vertical > 0)
      }
    }
    return VideoCodec.bestPixelFormat(among: candidates, for: wanted(source.pixelFormat)) ?? .yuv420p
  }

  /// The formats in which raw video can be stored.
  private static let commonFormats = [8, 10, 12, 16].flatMap { depth in
    ["420", "422", "444"].compactMap { PixelFormat(named: "yuv\($0)p" + (depth == 8 ? "" : "\(depth)le")) }
  }

  /// Returns the planar format that stands for `source` in the search for the nearest one.
  private func wanted(_ source: PixelFormat) -> PixelFormat {
    func yuv(_ chroma: String, depth: Int) -> PixelFormat? {
      let alpha = source.hasAlpha ? "a" : ""
      return PixelFormat(named: "yuv\(alpha)\(chroma)p" + (depth == 8 ? "" : "\(depth)le"))
        ?? PixelFormat(named: "yuv\(alpha)\(chroma)p16le")
    }
    if source.isFullRangeByName { return PixelFormat(named: source.name.replacing("yuvj", with: "yuv")) ?? source }
    let depth = source.isDeep ? min(16, source.bitDepth) : 8
    if source.isGray { return yuv("420", depth: depth) ?? source }
    let isPicture = source.isRGB && (source.isDeep || !source.isPlanar) || source.isPalette
    if isPicture, codec.isForPlayers || codec.pixelFormats.isEmpty {
      return yuv(depth == 8 ? "420" : "444", depth: depth) ?? source
    }
    return source.isPalette ? .rgba : source
  }
}

extension PixelFormat {
  /// Whether frames can be written in this format. See ``FrameWriter``.
  fileprivate var isWritable: Bool { hasIntegerSamples || hasFloatSamples }
}
