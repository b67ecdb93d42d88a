import CFFmpeg
import Foundation

/// A libav byte stream over an open file descriptor, such as standard input, whose blocking calls can be interrupted.
///
/// libav's own `pipe:` protocol blocks inside the system call and cannot be interrupted. The descriptor stays open.
final class DescriptorStream {
  let pointer: UnsafeMutablePointer<AVIOContext>
  private let descriptor: Int32
  private let interruption: Interruption

  /// The interval in milliseconds at which a waiting call checks for an interruption.
  private static let pollInterval: Int32 = 50

  /// Creates a stream for reading or writing.
  ///
  /// - Throws: `MediaError` if memory is short.
  init(_ descriptor: Int32, isWriting: Bool, interruption: Interruption, file: String) throws {
    self.descriptor = descriptor
    self.interruption = interruption
    let size: Int32 = 32768
    let buffer = try MediaError.allocated(av_malloc(Int(size)), "open", file: file)
    let context = avio_alloc_context(
      buffer.assumingMemoryBound(to: UInt8.self), size, isWriting ? 1 : 0, nil,
      isWriting ? nil : { DescriptorStream.from($0)?.read($1, $2) ?? cffmpeg_error_eof() },
      isWriting ? { DescriptorStream.from($0)?.write($1, $2) ?? cffmpeg_error_eof() } : nil, nil)
    guard let context else {
      av_free(buffer)
      throw MediaError(operation: "open", file: file, message: "out of memory")
    }
    pointer = context
    pointer.pointee.seekable = 0
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

  /// Waits until the descriptor is ready. Returns a negative error code if waiting fails or is interrupted.
  private func wait(for events: Int32) -> Int32 {
    var request = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    while true {
      if interruption.isRaised { return cffmpeg_error_exit() }
      let status = poll(&request, 1, Self.pollInterval)
      // A closed peer counts as ready: the read or write that follows reports it.
      if status > 0 { return 0 }
      if status < 0 && errno != EINTR { return cffmpeg_error_from_errno(errno) }
    }
  }

  private func read(_ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int32) -> Int32 {
    while true {
      let status = wait(for: Int32(POLLIN))
      if status < 0 { return status }
      let found = Foundation.read(descriptor, buffer, Int(count))
      if found > 0 { return Int32(found) }
      if found == 0 { return cffmpeg_error_eof() }
      if errno != EINTR && errno != EAGAIN { return cffmpeg_error_from_errno(errno) }
    }
  }

  private func write(_ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int32) -> Int32 {
    var done = 0
    while done < Int(count) {
      let status = wait(for: Int32(POLLOUT))
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
