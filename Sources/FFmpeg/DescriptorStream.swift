import CFFmpeg
import Foundation

/// A libav byte stream over an open file descriptor, such as standard input, whose blocking calls can be interrupted.
///
/// libav's own `pipe:` protocol blocks inside the system call and cannot be interrupted. The descriptor stays open. The
/// stream can be read at any place if the descriptor is one of a regular file.
final class DescriptorStream {
  let pointer: UnsafeMutablePointer<AVIOContext>
  private let descriptor: Int32
  private let interruption: Interruption
  /// The bytes that precede those of the descriptor and have not been read yet.
  private var lead: ArraySlice<UInt8>
  /// The offset in the file at which the stream begins; nil if the descriptor cannot seek.
  private let beginning: Int64?

  /// The interval in milliseconds at which a waiting call checks for an interruption.
  private static let pollInterval: Int32 = 50

  /// Creates a stream for reading or writing.
  ///
  /// - Parameter lead: The bytes that precede those of the descriptor.
  /// - Throws: `MediaError` if memory is short.
  init(
    _ descriptor: Int32, lead: [UInt8] = [], isWriting: Bool, interruption: Interruption, file: String
  ) throws {
    self.descriptor = descriptor
    self.interruption = interruption
    self.lead = lead[...]
    var status = stat()
    let isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    beginning = isFile && !isWriting ? Int64(lseek(descriptor, 0, SEEK_CUR)) : nil
    let size: Int32 = 32768
    let buffer = try MediaError.allocated(av_malloc(Int(size)), "open", file: file)
    let context = avio_alloc_context(
      buffer.assumingMemoryBound(to: UInt8.self), size, isWriting ? 1 : 0, nil,
      isWriting ? nil : { DescriptorStream.from($0)?.read($1, $2) ?? cffmpeg_error_eof() },
      isWriting ? { DescriptorStream.from($0)?.write($1, $2) ?? cffmpeg_error_eof() } : nil,
      beginning == nil ? nil : { DescriptorStream.from($0)?.seek($1, $2) ?? -1 })
    guard let context else {
      av_free(buffer)
      throw MediaError(operation: "open", file: file, message: "out of memory")
    }
    pointer = context
    pointer.pointee.seekable = beginning == nil ? 0 : AVIO_SEEKABLE_NORMAL
    pointer.pointee.opaque = Unmanaged.passUnretained(self).toOpaque()
  }

  deinit {
    av_freep(&pointer.pointee.buffer)
    var context: UnsafeMutablePointer<AVIOContext>? = pointer
    avio_context_free(&context)
  }

  private static func from(_ opaque: UnsafeMutableRawPointer?) -> DescriptorStream? {
    opaque.map { Unmanaged<DescriptorStream>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Waits until a descriptor is ready. Returns a negative error code if waiting fails or is interrupted.
  private static func wait(_ descriptor: Int32, for events: Int32, _ interruption: Interruption) -> Int32 {
    var request = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    while true {
      if interruption.isRaised { return cffmpeg_error_exit() }
      let status = poll(&request, 1, pollInterval)
      // A closed peer counts as ready: the read or write that follows reports it.
      if status > 0 { return 0 }
      if status < 0 && errno != EINTR { return cffmpeg_error_from_errno(errno) }
    }
  }

  /// Waits for bytes of `descriptor` and reads at most `count`. Returns their number or a negative error code.
  static func read(
    _ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int, _ interruption: Interruption
  ) -> Int {
    while true {
      let status = wait(descriptor, for: Int32(POLLIN), interruption)
      if status < 0 { return Int(status) }
      let found = Foundation.read(descriptor, buffer, count)
      if found > 0 { return found }
      if found == 0 { return Int(cffmpeg_error_eof()) }
      if errno != EINTR && errno != EAGAIN { return Int(cffmpeg_error_from_errno(errno)) }
    }
  }

  private func read(_ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int32) -> Int32 {
    guard let buffer, !lead.isEmpty else { return Int32(Self.read(descriptor, buffer, Int(count), interruption)) }
    let part = lead.prefix(Int(count))
    part.withUnsafeBufferPointer { bytes in
      if let base = bytes.baseAddress { buffer.update(from: base, count: bytes.count) }
    }
    lead.removeFirst(part.count)
    return Int32(part.count)
  }

  /// Moves in the file, or returns its size, as `whence` says.
  private func seek(_ offset: Int64, _ whence: Int32) -> Int64 {
    guard let beginning else { return Int64(cffmpeg_error_from_errno(ESPIPE)) }
    if whence & AVSEEK_SIZE != 0 {
      var status = stat()
      return fstat(descriptor, &status) == 0 ? Int64(status.st_size) - beginning : -1
    }
    let origin = whence & ~AVSEEK_FORCE
    let place = Int64(lseek(descriptor, Int(origin == SEEK_SET ? offset + beginning : offset), origin))
    return place < 0 ? Int64(cffmpeg_error_from_errno(errno)) : place - beginning
  }

  private func write(_ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int32) -> Int32 {
    var done = 0
    while done < Int(count) {
      let status = Self.wait(descriptor, for: Int32(POLLOUT), interruption)
      if status < 0 { return status }
      // A pipe that is ready for writing takes this much without blocking.
      let part = min(Int(count) - done, Int(PIPE_BUF))
      let written = Foundation.write(descriptor, buffer.map { $0 + done }, part)
      if written >= 0 {
        done += written
      } else if errno != EINTR && errno != EAGAIN {
        return cffmpeg_error_from_errno(errno)
      }
    }
    return count
  }
}
