import CFFmpeg

/// Packets as bytes, which a later process turns into the same packets.
extension Packet {
  /// Whether the data of packets of this codec are bytes. Those of the codec behind YUV4MPEG are pointers.
  package static func isArchivable(codec name: String) -> Bool {
    guard let codec = try? VideoCodec(encoder: name) else { return false }
    return codec.pointer.pointee.id != AV_CODEC_ID_WRAPPED_AVFRAME
  }

  /// The times, flags, data and side data, in the byte order of the machine.
  package var archive: [UInt8] {
    var bytes: [UInt8] = []
    func append(_ value: Int64) { Swift.withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) } }
    append(pointer.pointee.pts)
    append(pointer.pointee.dts)
    append(pointer.pointee.duration)
    append(Int64(pointer.pointee.flags))
    append(Int64(pointer.pointee.side_data_elems))
    for index in 0..<Int(pointer.pointee.side_data_elems) {
      let entry = pointer.pointee.side_data[index]
      append(Int64(entry.type.rawValue))
      append(Int64(entry.size))
      bytes.append(contentsOf: UnsafeBufferPointer(start: entry.data, count: entry.size))
    }
    withUnsafeBytes { bytes.append(contentsOf: $0) }
    return bytes
  }

  /// Creates a packet from an ``archive``.
  ///
  /// - Throws: `MediaError` if the bytes are no archive or memory is short.
  package convenience init(archive: [UInt8]) throws {
    let damage = MediaError(operation: "read", file: nil, message: "a stored packet is damaged")
    var rest = archive[...]
    func number() throws -> Int64 {
      guard rest.count >= 8 else { throw damage }
      defer { rest.removeFirst(8) }
      return rest.withUnsafeBytes { $0.loadUnaligned(as: Int64.self) }
    }
    let (pts, dts, duration, flags) = (try number(), try number(), try number(), try number())
    var sideData: [(type: Int64, bytes: ArraySlice<UInt8>)] = []
    let count = try number()
    guard (0...64).contains(count) else { throw damage }
    for _ in 0..<count {
      let (type, size) = (try number(), try number())
      guard size >= 0, size <= rest.count, (0..<1024).contains(type) else { throw damage }
      sideData.append((type, rest.prefix(Int(size))))
      rest.removeFirst(Int(size))
    }
    let data = rest
    try self.init(count: data.count)
    data.withUnsafeBufferPointer { bytes in
      if let base = bytes.baseAddress { pointer.pointee.data.update(from: base, count: bytes.count) }
    }
    for entry in sideData {
      let type = AVPacketSideDataType(rawValue: AVPacketSideDataType.RawValue(entry.type))
      let target = try MediaError.allocated(
        av_packet_new_side_data(pointer, type, entry.bytes.count), "allocate a packet")
      entry.bytes.withUnsafeBufferPointer { bytes in
        if let base = bytes.baseAddress { target.update(from: base, count: bytes.count) }
      }
    }
    (pointer.pointee.pts, pointer.pointee.dts, pointer.pointee.duration) = (pts, dts, duration)
    pointer.pointee.flags = Int32(truncatingIfNeeded: flags)
  }
}
