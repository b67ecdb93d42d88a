import FFmpeg
import Foundation

/// The encoded video of a render, in segments, so that an interrupted render can go on.
///
/// The first line is a JSON object with the settings of the render. Then come segments of a fixed number of frames,
/// each by an encoder of its own: the segments do not depend on where a render was interrupted. A segment counts if its
/// end is there and its checksum is right. Use a file from one thread at a time.
final class ResumeFile {
  /// The number of frames of a segment, about five seconds: what an interruption costs.
  static let segmentLength = 120

  /// The number of frames in whole segments when the file was opened.
  let frameCount: Int
  private let path: String
  private let descriptor: Int32
  /// The offset of the next packet to replay.
  private var replayOffset: Int
  /// The digest of the packets since the last end of a segment.
  private var digest: SHA256
  private var offset: Int
  /// The number of frames that are kept now.
  private(set) var keptFrameCount: Int

  private static let packetMark = UInt8(ascii: "P")
  private static let endMark = UInt8(ascii: "E")
  private static let markLength = 9
  private static let digestLength = 64

  private struct Header: Codable, Equatable {
    /// The version of the format.
    var impastoResume = 1
    var settings: [String: String]
  }

  /// Opens the file at `path`, or creates it. Segments that are not whole are cut off.
  ///
  /// - Throws: ``ResumeError`` if the file belongs to a render with other settings or is in use, or cannot be written.
  init(path: String, settings: [String: String]) throws {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw ResumeError.unwritable(path: path, reason: Self.systemError()) }
    do {
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
        throw ResumeError.inUse(path: path)
      }
      let start = try Self.checkHeader(descriptor, path, Header(settings: settings))
      (frameCount, offset) = Self.wholeSegments(descriptor, from: start)
      guard ftruncate(descriptor, offset) == 0, lseek(descriptor, offset, SEEK_SET) >= 0 else {
        throw ResumeError.unwritable(path: path, reason: Self.systemError())
      }
      digest = try Self.newDigest(path)
      keptFrameCount = frameCount
      (self.path, self.descriptor, replayOffset) = (path, descriptor, start)
    } catch {
      close(descriptor)
      throw error
    }
  }

  deinit { close(descriptor) }

  /// Removes the file. Call it when the film is complete.
  func remove() { unlink(path) }

  // MARK: Writing

  /// Appends a packet to the segment.
  ///
  /// - Throws: ``ResumeError`` if the file cannot be written.
  func append(_ packet: Packet) throws {
    let bytes = packet.archive
    digest.update(bytes)
    try write(Self.mark(Self.packetMark, bytes.count) + bytes)
  }

  /// Ends the segment. From now on it survives an interruption.
  ///
  /// - Throws: ``ResumeError`` if the file cannot be written.
  func endSegment() throws {
    let next = try Self.newDigest(path)
    let ended = exchange(&digest, with: next)
    try write(Self.mark(Self.endMark, Self.segmentLength) + Array(ended.hexDigest().utf8))
    // Only a loss of power could take what is written already.
    guard fdatasync(descriptor) == 0 else {
      throw ResumeError.unwritable(path: path, reason: Self.systemError())
    }
    keptFrameCount += Self.segmentLength
  }

  private func write(_ bytes: [UInt8]) throws {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        pwrite(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done, offset)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw ResumeError.unwritable(path: path, reason: Self.systemError()) }
      done += count
      offset += count
    }
  }

  // MARK: Reading

  /// Passes the packets of the next whole segment to `body`, in decoding order.
  ///
  /// - Throws: ``ResumeError`` if the file cannot be read.
  func replaySegment(_ body: (Packet) -> Void) throws {
    while let record = Self.record(descriptor, at: replayOffset) {
      replayOffset = record.end
      guard let payload = record.packet else { return }
      body(try Packet(archive: payload))
    }
    throw ResumeError.unwritable(path: path, reason: "a segment is missing")
  }

  private struct Record {
    /// The bytes of a packet; nil for the end of a segment.
    var packet: [UInt8]?
    /// The frames of the segment and its checksum.
    var segment: (frames: Int, digest: [UInt8])?
    /// The offset after the record.
    var end: Int
  }

  private static func record(_ descriptor: Int32, at offset: Int) -> Record? {
    guard let mark = read(descriptor, offset, markLength) else { return nil }
    let number = mark[1...].reversed().reduce(0) { $0 << 8 | Int($1) }
    let start = offset + markLength
    switch mark[0] {
    case packetMark:
      guard (0...Int(Int32.max)).contains(number), let bytes = read(descriptor, start, number) else { return nil }
      return Record(packet: bytes, end: start + number)
    case endMark:
      guard let digest = read(descriptor, start, digestLength) else { return nil }
      return Record(segment: (number, digest), end: start + digestLength)
    default: return nil
    }
  }

  /// Returns the frames in whole segments and the offset of their end.
  private static func wholeSegments(_ descriptor: Int32, from start: Int) -> (frames: Int, end: Int) {
    var (frames, end, offset) = (0, start, start)
    guard var digest = SHA256() else { return (0, start) }
    while let record = record(descriptor, at: offset) {
      offset = record.end
      if let packet = record.packet {
        digest.update(packet)
      } else if let segment = record.segment {
        guard let next = SHA256() else { break }
        let ended = exchange(&digest, with: next)
        guard segment.frames == segmentLength, Array(ended.hexDigest().utf8) == segment.digest else { break }
        (frames, end) = (frames + segmentLength, offset)
      }
    }
    return (frames, end)
  }

  private static func read(_ descriptor: Int32, _ offset: Int, _ count: Int) -> [UInt8]? {
    var status = stat()
    // The length may be damaged: no memory before the bytes are there.
    guard fstat(descriptor, &status) == 0, offset + count <= Int(status.st_size) else { return nil }
    var done = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      while done < count {
        let found = pread(descriptor, buffer.baseAddress.map { $0 + done }, count - done, offset + done)
        if found < 0, errno == EINTR { continue }
        guard found > 0 else { break }
        done += found
      }
      initializedCount = done
    }
    return done == count ? bytes : nil
  }

  // MARK: The header

  /// Writes the header to an empty file, or compares that of an earlier run. Returns the offset of the first segment.
  private static func checkHeader(_ descriptor: Int32, _ path: String, _ header: Header) throws -> Int {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let line = try encoder.encode(header) + Data([UInt8(ascii: "\n")])
    var status = stat()
    fstat(descriptor, &status)
    let size = Int(status.st_size)
    let found = read(descriptor, 0, min(size, 1 << 20)) ?? []
    guard let end = found.firstIndex(of: UInt8(ascii: "\n")),
      let old = try? JSONDecoder().decode(Header.self, from: Data(found[..<end]))
    else {
      // An interrupted run may have written only a part of the line.
      guard line.starts(with: found) else { throw ResumeError.foreign(path: path) }
      let written = line.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
      guard written == line.count else { throw ResumeError.unwritable(path: path, reason: systemError()) }
      return line.count
    }
    if let key = Set(old.settings.keys).union(header.settings.keys).sorted()
      .first(where: { old.settings[$0] != header.settings[$0] })
    {
      throw ResumeError.otherSettings(
        path: path, setting: key, before: old.settings[key] ?? "none", now: header.settings[key] ?? "none")
    }
    guard old.impastoResume == header.impastoResume else { throw ResumeError.foreign(path: path) }
    return end + 1
  }

  private static func mark(_ kind: UInt8, _ number: Int) -> [UInt8] {
    [kind] + withUnsafeBytes(of: Int64(number).littleEndian) { Array($0) }
  }

  private static func newDigest(_ path: String) throws -> SHA256 {
    guard let digest = SHA256() else { throw ResumeError.unwritable(path: path, reason: "out of memory") }
    return digest
  }

  private static func systemError() -> String { String(cString: strerror(errno)).lowercased() }
}
