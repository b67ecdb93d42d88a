import CFFmpeg

/// A decoded picture or a piece of decoded audio.
///
/// Owns an `AVFrame`, which is reused from call to call and may share its planes with a decoder. Use it from one thread
/// at a time.
public final class Frame: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<AVFrame>
  /// Whether the precision of 16-bit floats is enough for float samples. A decoder sets it for OpenEXR files that store
  /// such.
  package var isHalfPrecision = false
  /// The attributes of an OpenEXR file. See ``OpenEXRHeader/attributes``.
  package var openEXRAttributes: [UInt8] = []

  /// Creates an empty frame for a decoder to fill.
  ///
  /// - Throws: `MediaError` if memory is short.
  public init() throws { pointer = try MediaError.allocated(av_frame_alloc(), "allocate a frame") }

  /// Creates a frame with its own planes, whose content is undefined.
  ///
  /// - Throws: `MediaError` if the size is out of range or memory is short.
  public convenience init(_ format: VideoFormat) throws {
    try self.init()
    try format.checkSize("allocate a frame", file: nil)
    pointer.pointee.width = Int32(format.width)
    pointer.pointee.height = Int32(format.height)
    pointer.pointee.format = format.pixelFormat.libav.rawValue
    color = format.color
    try MediaError.check(av_frame_get_buffer(pointer, 0), "allocate a frame")
  }

  deinit {
    var frame: UnsafeMutablePointer<AVFrame>? = pointer
    av_frame_free(&frame)
  }

  /// The number of pixels in a row.
  public var width: Int { Int(pointer.pointee.width) }
  /// The number of rows.
  public var height: Int { Int(pointer.pointee.height) }
  /// The layout of the samples in memory.
  public var pixelFormat: PixelFormat { PixelFormat(AVPixelFormat(rawValue: pointer.pointee.format)) }
  /// The size, pixel format and colours.
  public var format: VideoFormat {
    VideoFormat(width: width, height: height, pixelFormat: pixelFormat, color: color)
  }

  /// The colour tags.
  public var color: ColorDescription {
    get {
      let frame = pointer.pointee
      return ColorDescription(
        range: frame.color_range, primaries: frame.color_primaries, transfer: frame.color_trc,
        matrix: frame.colorspace, chromaLocation: frame.chroma_location)
    }
    set {
      pointer.pointee.color_range = newValue.range
      pointer.pointee.color_primaries = newValue.primaries
      pointer.pointee.color_trc = newValue.transfer
      pointer.pointee.colorspace = newValue.matrix
      pointer.pointee.chroma_location = newValue.chromaLocation
    }
  }

  /// The presentation time in the time base of its stream; nil if unknown.
  public var pts: Int64? {
    get { Timestamp.optional(pointer.pointee.pts) }
    set { pointer.pointee.pts = newValue ?? Timestamp.unknown }
  }
  /// libav's best estimate of ``pts``, derived from neighbouring packets if the container gives none.
  public var bestEffortTimestamp: Int64? { Timestamp.optional(pointer.pointee.best_effort_timestamp) }
  /// The duration in the time base of its stream; 0 if unknown.
  public var duration: Int64 {
    get { cffmpeg_frame_duration(pointer) }
    set { cffmpeg_frame_set_duration(pointer, newValue) }
  }
  /// The width of a pixel divided by its height; 0/1 if unknown.
  public var sampleAspectRatio: Rational {
    get { Rational(pointer.pointee.sample_aspect_ratio) }
    set { pointer.pointee.sample_aspect_ratio = newValue.libav }
  }
  /// Whether the decoder found errors in the frame or in a frame that it depends on.
  public var isCorrupt: Bool {
    pointer.pointee.flags & AV_FRAME_FLAG_CORRUPT != 0 || pointer.pointee.decode_error_flags != 0
  }
  /// The metadata. JPEG and WebP store their EXIF entries here, such as `Orientation`.
  public var metadata: [String: String] { Metadata.entries(pointer.pointee.metadata) }
  /// The display matrix of this frame; nil if it has none.
  public var displayMatrix: DisplayMatrix? {
    guard let data = av_frame_get_side_data(pointer, AV_FRAME_DATA_DISPLAYMATRIX), data.pointee.size >= 36 else {
      return nil
    }
    return data.pointee.data.withMemoryRebound(to: Int32.self, capacity: 9) { DisplayMatrix($0) }
  }

  /// The ICC profile of this frame; nil if it has none.
  public var iccProfile: [UInt8]? {
    guard let data = av_frame_get_side_data(pointer, AV_FRAME_DATA_ICC_PROFILE) else { return nil }
    return Array(UnsafeBufferPointer(start: data.pointee.data, count: data.pointee.size))
  }

  /// Attaches an ICC profile for an encoder. It replaces the tags of primaries and transfer: PNG allows only one of
  /// both.
  ///
  /// - Throws: `MediaError` if memory is short.
  package func setICCProfile(_ profile: [UInt8]) throws {
    av_frame_remove_side_data(pointer, AV_FRAME_DATA_ICC_PROFILE)
    let data = try MediaError.allocated(
      av_frame_new_side_data(pointer, AV_FRAME_DATA_ICC_PROFILE, profile.count), "describe a frame")
    data.pointee.data.update(from: profile, count: profile.count)
    pointer.pointee.color_primaries = AVCOL_PRI_UNSPECIFIED
    pointer.pointee.color_trc = AVCOL_TRC_UNSPECIFIED
  }

  /// Returns the first byte of a plane; nil if there is no such plane. Valid as long as the frame holds this picture.
  public func plane(_ index: Int) -> UnsafeMutablePointer<UInt8>? { cffmpeg_frame_plane(pointer, Int32(index)) }
  /// Returns the distance in bytes between the rows of a plane; negative if the rows are stored bottom-up.
  public func stride(_ index: Int) -> Int { Int(cffmpeg_frame_stride(pointer, Int32(index))) }

  /// Makes the planes writable by copying them if they are shared.
  ///
  /// - Throws: `MediaError` if memory is short.
  public func makeWritable() throws { try MediaError.check(av_frame_make_writable(pointer), "copy a frame") }

  /// Replaces this picture with that of `other` and shares its planes.
  ///
  /// - Throws: `MediaError` if memory is short.
  public func reference(_ other: Frame) throws {
    unreference()
    try MediaError.check(av_frame_ref(pointer, other.pointer), "share a frame")
    (isHalfPrecision, openEXRAttributes) = (other.isHalfPrecision, other.openEXRAttributes)
  }

  /// Copies everything except the samples from `other`: times, aspect ratio, colours, metadata.
  ///
  /// - Throws: `MediaError` if memory is short.
  public func copyProperties(from other: Frame) throws {
    try MediaError.check(av_frame_copy_props(pointer, other.pointer), "copy a frame's properties")
  }

  /// Takes over the closed captions, active format, pan and scan and time code of `other`, for the encoder to write.
  ///
  /// - Throws: `MediaError` if memory is short.
  package func shareAncillaryData(of other: Frame) throws {
    try MediaError.check(cffmpeg_share_ancillary_data(pointer, other.pointer), "share a frame")
  }

  /// Lets the encoder choose the picture type. A decoded frame carries the type that the decoder found.
  public func clearPictureType() { pointer.pointee.pict_type = AV_PICTURE_TYPE_NONE }

  /// Asks the encoder for a keyframe, so that decoding can start at this picture.
  public func requestKeyframe() { pointer.pointee.pict_type = AV_PICTURE_TYPE_I }

  /// Releases the picture. The object can be filled again.
  public func unreference() { av_frame_unref(pointer) }
}
