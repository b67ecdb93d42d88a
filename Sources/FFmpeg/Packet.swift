import CFFmpeg

/// Encoded data of one stream: a picture, a piece of audio or a subtitle.
///
/// Owns an `AVPacket`, which is reused from call to call. Use it from one thread at a time.
public final class Packet: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<AVPacket>

  /// Creates an empty packet.
  ///
  /// - Throws: `MediaError` if memory is short.
  public init() throws { pointer = try MediaError.allocated(av_packet_alloc(), "allocate a packet") }

  /// Creates a packet with a copy of `bytes`, such as the content of a JPEG file.
  ///
  /// - Throws: `MediaError` if memory is short.
  public convenience init(bytes: UnsafeRawBufferPointer) throws {
    try self.init(count: bytes.count)
    if let from = bytes.baseAddress {
      pointer.pointee.data.update(from: from.assumingMemoryBound(to: UInt8.self), count: size)
    }
  }

  /// Creates a packet of `count` undefined bytes.
  ///
  /// - Throws: `MediaError` if memory is short.
  convenience init(count: Int) throws {
    try self.init()
    try MediaError.check(av_new_packet(pointer, Int32(clamping: count)), "allocate a packet")
  }

  deinit {
    var packet: UnsafeMutablePointer<AVPacket>? = pointer
    av_packet_free(&packet)
  }

  /// The index of its stream in the container.
  public var streamIndex: Int {
    get { Int(pointer.pointee.stream_index) }
    set { pointer.pointee.stream_index = Int32(newValue) }
  }
  /// The presentation time in the time base of its stream; nil if unknown.
  public var pts: Int64? {
    get { Timestamp.optional(pointer.pointee.pts) }
    set { pointer.pointee.pts = newValue ?? Timestamp.unknown }
  }
  /// The decoding time in the time base of its stream; nil if unknown.
  public var dts: Int64? {
    get { Timestamp.optional(pointer.pointee.dts) }
    set { pointer.pointee.dts = newValue ?? Timestamp.unknown }
  }
  /// The duration in the time base of its stream; 0 if unknown.
  public var duration: Int64 {
    get { pointer.pointee.duration }
    set { pointer.pointee.duration = newValue }
  }
  /// Whether decoding can start at this packet.
  public var isKeyframe: Bool { pointer.pointee.flags & AV_PKT_FLAG_KEY != 0 }
  /// Whether the demuxer or decoder found the packet damaged.
  public var isCorrupt: Bool { pointer.pointee.flags & AV_PKT_FLAG_CORRUPT != 0 }
  /// The number of encoded bytes.
  public var size: Int { Int(pointer.pointee.size) }
  /// A copy of the encoded bytes; for a still image, the content of its file.
  public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

  /// Calls `body` with the encoded bytes, which are valid until it returns.
  public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try body(UnsafeRawBufferPointer(start: pointer.pointee.data, count: size))
  }

  /// Converts the timestamps and the duration from one time base to another.
  public func rescale(from source: Rational, to target: Rational) {
    av_packet_rescale_ts(pointer, source.libav, target.libav)
  }

  /// Releases the data. The object can be filled again.
  public func unreference() { av_packet_unref(pointer) }

  /// Shares the content of `other`, and copies its properties.
  ///
  /// - Throws: `MediaError` if memory is short.
  package func reference(_ other: Packet) throws {
    unreference()
    try MediaError.check(av_packet_ref(pointer, other.pointer), "reference a packet")
  }

  /// Takes the content of `other` and leaves it empty.
  public func move(from other: Packet) {
    unreference()
    av_packet_move_ref(pointer, other.pointer)
  }
}

/// libav's value for an unknown time.
enum Timestamp {
  static var unknown: Int64 { cffmpeg_nopts_value() }
  static func optional(_ value: Int64) -> Int64? { value == unknown ? nil : value }
}
