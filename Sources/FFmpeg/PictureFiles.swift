import CFFmpeg
import Files

/// The files that a muxer of pictures writes, one after the other. Each appears under its name when it is complete.
///
/// libav ignores errors of closing a picture, for example that the disk is full. ``failure`` keeps the first one.
final class PictureFiles {
  /// The first error.
  private(set) var failure: (any Error)?
  private var files: [UnsafeMutablePointer<AVIOContext>: AtomicFile] = [:]

  /// Makes `context` open and close its files here. The object must live as long as the context writes.
  init(of context: UnsafeMutablePointer<AVFormatContext>) {
    context.pointee.opaque = Unmanaged.passUnretained(self).toOpaque()
    context.pointee.io_open = { context, bytes, url, flags, options in
      guard let context, let bytes, let url, let files = PictureFiles.of(context) else { return cffmpeg_error_eof() }
      return files.open(String(cString: url), flags, options, bytes, context)
    }
    context.pointee.io_close2 = { context, bytes in
      guard let context, let bytes, let files = PictureFiles.of(context) else { return cffmpeg_error_eof() }
      return files.close(bytes)
    }
  }

  private static func of(_ context: UnsafeMutablePointer<AVFormatContext>) -> PictureFiles? {
    context.pointee.opaque.map { Unmanaged<PictureFiles>.fromOpaque($0).takeUnretainedValue() }
  }

  private func open(
    _ url: String, _ flags: Int32, _ options: UnsafeMutablePointer<OpaquePointer?>?,
    _ bytes: UnsafeMutablePointer<UnsafeMutablePointer<AVIOContext>?>, _ context: UnsafeMutablePointer<AVFormatContext>
  ) -> Int32 {
    guard failure == nil else { return cffmpeg_error_exit() }
    do {
      let prefix = "file:"
      let file = try AtomicFile(path: url.hasPrefix(prefix) ? String(url.dropFirst(prefix.count)) : url)
      let status = avio_open2(bytes, prefix + file.temporaryPath, flags, &context.pointee.interrupt_callback, options)
      if status >= 0, let opened = bytes.pointee { files[opened] = file }
      return status
    } catch {
      failure = error
      return cffmpeg_error_exit()
    }
  }

  private func close(_ bytes: UnsafeMutablePointer<AVIOContext>) -> Int32 {
    let file = files.removeValue(forKey: bytes)
    avio_flush(bytes)
    let written = bytes.pointee.error
    var closing: UnsafeMutablePointer<AVIOContext>? = bytes
    let closed = avio_closep(&closing)
    do {
      try MediaError.check(min(written, closed), "write", file: file?.path)
      // Syncing every picture would take longer than painting it.
      try file?.commit(syncs: false)
      return 0
    } catch {
      failure = failure ?? error
      return cffmpeg_error_exit()
    }
  }
}
