import CFFmpeg

/// A SHA-256 digest (FIPS 180-4), computed by libavutil.
package struct SHA256: ~Copyable {
  private let context: OpaquePointer

  /// Starts a digest; nil if memory is short.
  package init?() {
    guard let context = av_sha_alloc() else { return nil }
    self.context = context
    av_sha_init(context, 256)
  }

  deinit { av_free(UnsafeMutableRawPointer(context)) }

  /// Appends `bytes`.
  package mutating func update(_ bytes: [UInt8]) { av_sha_update(context, bytes, bytes.count) }

  /// Returns the digest of all appended bytes as 64 hexadecimal digits.
  package consuming func hexDigest() -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    av_sha_final(context, &digest)
    let digits = Array("0123456789abcdef")
    return String(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }
}
