import CFFmpeg

/// One decoded picture.
///
/// Owns an `AVFrame`, whose planes may be shared with a decoder; it is reused from call to call. One thread at a time may use it.
public final class Frame: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<AVFrame>

  /// An empty frame to be filled by a decoder. Throws `MediaError` when memory is short.
  public init() throws { pointer = try MediaError.allocated(av_frame_alloc(), "allocate a frame") }

  /// A frame with planes of its own, content undefined. Throws `MediaError` if the size is out of range or memory is short.
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

  /// Pixels across.
  public var width: Int { Int(pointer.pointee.width) }
  /// Pixels down.
  public var height: Int { Int(pointer.pointee.height) }
  /// How the samples lie in memory.
  public var pixelFormat: PixelFormat { PixelFormat(AVPixelFormat(rawValue: pointer.pointee.format)) }
  /// Size, pixel format and colours together.
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

  /// When it is shown, in the time base of its stream; nil if unknown.
  public var pts: Int64? {
    get { Timestamp.optional(pointer.pointee.pts) }
    set { pointer.pointee.pts = newValue ?? Timestamp.unknown }
  }
  /// libav's best estimate of `pts`, from the packets around it where the container gives none.
  public var bestEffortTimestamp: Int64? { Timestamp.optional(pointer.pointee.best_effort_timestamp) }
  /// How long it is shown, in the time base of its stream; 0 if unknown.
  public var duration: Int64 {
    get { cffmpeg_frame_duration(pointer) }
    set { cffmpeg_frame_set_duration(pointer, newValue) }
  }
  /// Width over height of one pixel; 0/1 if unknown.
  public var sampleAspectRatio: Rational {
    get { Rational(pointer.pointee.sample_aspect_ratio) }
    set { pointer.pointee.sample_aspect_ratio = newValue.libav }
  }
  /// Whether the decoder found errors in it or in what it depends on.
  public var isCorrupt: Bool {
    pointer.pointee.flags & AV_FRAME_FLAG_CORRUPT != 0 || pointer.pointee.decode_error_flags != 0
  }
  /// Its metadata; JPEG and WebP give their EXIF entries here, such as `Orientation`.
  public var metadata: [String: String] { Metadata.entries(pointer.pointee.metadata) }
  /// The display matrix that came with this frame; nil if none did.
  public var displayMatrix: DisplayMatrix? {
    guard let data = av_frame_get_side_data(pointer, AV_FRAME_DATA_DISPLAYMATRIX), data.pointee.size >= 36 else {
      return nil
    }
    return data.pointee.data.withMemoryRebound(to: Int32.self, capacity: 9) { DisplayMatrix($0) }
  }
  /// The ICC profile that came with this frame; nil if none did.
  public var iccProfile: [UInt8]? {
    guard let data = av_frame_get_side_data(pointer, AV_FRAME_DATA_ICC_PROFILE) else { return nil }
    return Array(UnsafeBufferPointer(start: data.pointee.data, count: data.pointee.size))
  }

  /// The first byte of a plane; nil where there is none. Valid as long as the frame holds this picture.
  public func plane(_ index: Int) -> UnsafeMutablePointer<UInt8>? { cffmpeg_frame_plane(pointer, Int32(index)) }
  /// The distance between the rows of a plane in bytes; negative where the rows run upwards.
  public func stride(_ index: Int) -> Int { Int(cffmpeg_frame_stride(pointer, Int32(index))) }

  /// Gives the frame planes that nobody else reads, so that it may be written. Throws `MediaError` when memory is short.
  public func makeWritable() throws { try MediaError.check(av_frame_make_writable(pointer), "copy a frame") }

  /// Shows the picture of `other` too, sharing its planes. Throws `MediaError` when memory is short.
  public func reference(_ other: Frame) throws {
    unreference()
    try MediaError.check(av_frame_ref(pointer, other.pointer), "share a frame")
  }

  /// Takes over what is not samples from `other`: time, aspect ratio, colours, metadata. Throws when memory is short.
  public func copyProperties(from other: Frame) throws {
    try MediaError.check(av_frame_copy_props(pointer, other.pointer), "copy a frame's properties")
  }

  /// Lets the encoder choose the picture type; a decoder leaves the type it found.
  public func clearPictureType() { pointer.pointee.pict_type = AV_PICTURE_TYPE_NONE }

  /// Has the encoder begin anew with this picture, so that decoding may start here.
  public func requestKeyframe() { pointer.pointee.pict_type = AV_PICTURE_TYPE_I }

  /// Drops the picture; the object can be filled again.
  public func unreference() { av_frame_unref(pointer) }
}
