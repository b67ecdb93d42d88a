import FFmpeg
import Files
import Foundation

/// What stands beside a segment, as JSON.
struct SegmentRecord: Codable, Equatable, Sendable {
  /// The index of the segment.
  let segment: Int
  /// The number of frames that were painted.
  let frames: Int
  let packets: Int
  /// The size of the segment's file.
  let bytes: Int
  /// The digest of the segment's file.
  let sha256: String
  /// ``Film/identity()`` of the film.
  let film: String
}

/// Writes the packets of one segment. The file has its name when it is complete.
final class SegmentFileWriter {
  private let file: AtomicFile
  private var digest: SHA256
  private var (packets, bytes) = (0, 0)

  /// Creates a hidden file in the folder of `path`.
  ///
  /// - Throws: `FileError` if that fails.
  init(path: String) throws {
    file = try AtomicFile(path: path, isShared: true)
    digest = try SHA256.newDigest()
  }

  /// Appends a packet.
  ///
  /// - Throws: `FileError` if it cannot be written.
  func append(_ packet: Packet) throws {
    let archive = packet.archive
    let record = withUnsafeBytes(of: Int64(archive.count).littleEndian) { Array($0) } + archive
    digest.update(record)
    try file.write(record)
    packets += 1
    bytes += record.count
  }

  /// Gives the file its name and returns what is to stand beside it.
  ///
  /// - Throws: `FileError` if it cannot be written.
  func commit(segment: Int, frames: Int, film: String) throws -> SegmentRecord {
    let next = try SHA256.newDigest()
    let ended = exchange(&digest, with: next)
    try file.commit()
    return SegmentRecord(
      segment: segment, frames: frames, packets: packets, bytes: bytes, sha256: ended.hexDigest(), film: film)
  }
}

/// Reads the packets of one segment.
struct SegmentFileReader {
  private let file: RandomAccessFile
  private let path: String
  private static let pieceLength = 1 << 20

  /// Opens a segment.
  ///
  /// - Throws: `FileError`.
  init(path: String) throws {
    file = try RandomAccessFile(path: path)
    self.path = path
  }

  /// Whether the file is the one that `record` describes.
  ///
  /// - Throws: `FileError` if it cannot be read.
  func matches(_ record: SegmentRecord) throws -> Bool {
    guard file.size == record.bytes else { return false }
    var digest = try SHA256.newDigest()
    var offset = 0
    while offset < file.size {
      let count = min(Self.pieceLength, file.size - offset)
      digest.update(try file.bytes(offset: offset, count: count))
      offset += count
    }
    return digest.hexDigest() == record.sha256
  }

  /// Returns the packet at `offset`, and moves `offset` behind it; nil at the end of the file.
  ///
  /// - Throws: `FileError`, ``PartError`` or `MediaError` if the bytes are no packet.
  func packet(at offset: inout Int) throws -> Packet? {
    guard offset < file.size else { return nil }
    let head = offset + 8
    guard head <= file.size, case let mark = try file.bytes(offset: offset, count: 8),
      case let length = mark.reversed().reduce(UInt64(0), { $0 << 8 | UInt64($1) }), length <= UInt64(file.size - head)
    else { throw PartError.unusable(path: path, reason: "it is damaged") }
    offset = head + Int(length)
    return try Packet(archive: try file.bytes(offset: head, count: Int(length)))
  }
}
