import CFFmpeg

/// A libav byte stream that writes to a closure, for media that go neither to a file nor to a descriptor.
final class ByteStream {
  let pointer: UnsafeMutablePointer<AVIOContext>
  private let write: (UnsafeRawBufferPointer) -> Void

  /// Creates a stream that passes each run of bytes to `write`, in order.
  ///
  /// - Parameter isSeekable: Whether to let the muxer seek back. The bytes of a new position follow the others.
  /// - Throws: `MediaError` if memory is short.
  init(file: String, isSeekable: Bool = false, write: @escaping (UnsafeRawBufferPointer) -> Void) throws {
    self.write = write
    let size: Int32 = 32768
    let buffer = try MediaError.allocated(av_malloc(Int(size)), "write", file: file)
    let context = avio_alloc_context(
      buffer.assumingMemoryBound(to: UInt8.self), size, 1, nil, nil,
      { opaque, bytes, count in
        guard let opaque, count > 0 else { return count }
        let stream = Unmanaged<ByteStream>.fromOpaque(opaque).takeUnretainedValue()
        stream.write(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
        return count
      }, isSeekable ? { _, offset, whence in whence & AVSEEK_SIZE != 0 ? -1 : offset } : nil)
    guard let context else {
      av_free(buffer)
      throw MediaError(operation: "write", file: file, message: "out of memory")
    }
    pointer = context
    pointer.pointee.seekable = isSeekable ? AVIO_SEEKABLE_NORMAL : 0
    pointer.pointee.opaque = Unmanaged.passUnretained(self).toOpaque()
  }

  deinit {
    av_freep(&pointer.pointee.buffer)
    var context: UnsafeMutablePointer<AVIOContext>? = pointer
    avio_context_free(&context)
  }
}
