import CFFmpeg

/// Data of a picture that the encoder does not write: its active format, for some encoders its closed captions, and the
/// attributes of OpenEXR.
package struct PictureUserData: Sendable {
  /// How a codec stores user data.
  private enum Carrier { case h264, hevc, mpeg2, openEXR }

  /// Knows what an encoder leaves out.
  package struct Writer: Sendable {
    private let carrier: Carrier?
    private let leavesCaptions: Bool

    /// Examines an encoder.
    package init(_ encoder: Encoder) {
      carrier =
        switch encoder.context.pointer.pointee.codec_id {
        case AV_CODEC_ID_H264: .h264
        case AV_CODEC_ID_HEVC: .hevc
        case AV_CODEC_ID_MPEG2VIDEO: .mpeg2
        case AV_CODEC_ID_EXR: .openEXR
        default: nil
        }
      // Encoders that write captions have an option to turn them off.
      let codec = try? VideoCodec(encoder: encoder.settings.codec)
      leavesCaptions = codec.map { codec in !["a53cc", "a53_cc", "sei"].contains { codec.hasOption($0) } } ?? false
    }

    /// Returns what the encoder leaves out of `frame`; nil for nothing, as with most frames.
    package func userData(of frame: Frame) -> PictureUserData? {
      if carrier == .openEXR {
        let attributes = frame.openEXRAttributes
        return attributes.isEmpty ? nil : PictureUserData(carrier: .openEXR, payloads: [attributes])
      }
      guard let carrier, frame.pointer.pointee.nb_side_data > 0 else { return nil }
      var payloads: [[UInt8]] = []
      if let format = frame.activeFormat { payloads.append(PictureUserData.payload(activeFormat: format)) }
      if leavesCaptions, let captions = frame.sideData(AV_FRAME_DATA_A53_CC) {
        payloads.append(PictureUserData.payload(captions: captions))
      }
      return payloads.isEmpty ? nil : PictureUserData(carrier: carrier, payloads: payloads)
    }
  }

  private let carrier: Carrier
  private let payloads: [[UInt8]]

  /// Inserts the data before the first slice of the picture. A packet in another form than a byte stream with start
  /// codes stays as it is.
  ///
  /// - Throws: `MediaError` if memory is short.
  package func insert(into packet: Packet) throws {
    if carrier == .openEXR {
      return try packet.replace(OpenEXRHeader.inserting(payloads.flatMap(encoded), into: packet.bytes))
    }
    guard let place = packet.withUnsafeBytes({ firstSlice(in: $0) }) else { return }
    try packet.insert(payloads.flatMap(encoded), at: place)
  }

  // MARK: Payloads

  /// ETSI TS 101 154, annex B.
  private static func payload(activeFormat: UInt8) -> [UInt8] { Array("DTG1".utf8) + [0x41, 0xf0 | activeFormat] }

  /// ATSC A/53, part 4.
  private static func payload(captions: [UInt8]) -> [UInt8] {
    // The number of triplets has five bits.
    let count = min(31, captions.count / 3)
    return Array("GA94".utf8) + [0x03, 0x40 | UInt8(count), 0xff] + captions.prefix(3 * count) + [0xff]
  }

  private func encoded(_ payload: [UInt8]) -> [UInt8] {
    let startCode: [UInt8] = [0, 0, 0, 1]
    switch carrier {
    case .mpeg2: return [0, 0, 1, 0xb2] + payload
    case .h264: return startCode + [0x06] + message(payload)
    case .hevc: return startCode + [0x4e, 0x01] + message(payload)
    case .openEXR: return payload
    }
  }

  /// An SEI message of registered user data of ATSC (ITU-T T.35), H.264 D.1.6.
  private func message(_ payload: [UInt8]) -> [UInt8] {
    let content: [UInt8] = [0xb5, 0x00, 0x31] + payload
    var raw: [UInt8] = [4]
    raw += [UInt8](repeating: 255, count: content.count / 255) + [UInt8(content.count % 255)] + content + [0x80]
    // No start code may appear inside.
    var result: [UInt8] = []
    var zeros = 0
    for byte in raw {
      if zeros == 2, byte <= 3 {
        result.append(3)
        zeros = 0
      }
      result.append(byte)
      zeros = byte == 0 ? zeros + 1 : 0
    }
    return result
  }

  // MARK: Places

  /// Returns the index of the start code of the first slice; nil if there is none.
  private func firstSlice(in bytes: UnsafeRawBufferPointer) -> Int? {
    guard bytes.count > 4, bytes[0] == 0, bytes[1] == 0, bytes[2] <= 1 else { return nil }
    var index = 0
    while index + 3 < bytes.count {
      guard bytes[index] == 0, bytes[index + 1] == 0, bytes[index + 2] == 1 else {
        index += 1
        continue
      }
      if isSlice(bytes[index + 3]) { return index > 0 && bytes[index - 1] == 0 ? index - 1 : index }
      index += 3
    }
    return nil
  }

  private func isSlice(_ header: UInt8) -> Bool {
    switch carrier {
    case .h264: (1...5).contains(header & 31)
    case .hevc: (header >> 1) & 63 < 32
    case .mpeg2: (0x01...0xaf).contains(header)
    case .openEXR: false
    }
  }
}

extension Frame {
  /// The part of the picture that has content (ETSI TS 101 154, annex B), 0 to 15; nil if it is not described.
  package var activeFormat: UInt8? { sideData(AV_FRAME_DATA_AFD)?.first.map { $0 & 15 } }

  /// Describes the part of the picture that has content.
  ///
  /// - Throws: `MediaError` if memory is short.
  package func setActiveFormat(_ format: UInt8) throws { try setSideData(AV_FRAME_DATA_AFD, [format & 15]) }

  /// The closed captions of this picture, in triplets of ATSC A/53; nil if it has none.
  package var closedCaptions: [UInt8]? { sideData(AV_FRAME_DATA_A53_CC) }

  /// Sets the closed captions of this picture, in triplets of ATSC A/53.
  ///
  /// - Throws: `MediaError` if memory is short.
  package func setClosedCaptions(_ captions: [UInt8]) throws { try setSideData(AV_FRAME_DATA_A53_CC, captions) }

  fileprivate func sideData(_ type: AVFrameSideDataType) -> [UInt8]? {
    guard let data = av_frame_get_side_data(pointer, type) else { return nil }
    return Array(UnsafeBufferPointer(start: data.pointee.data, count: data.pointee.size))
  }

  private func setSideData(_ type: AVFrameSideDataType, _ bytes: [UInt8]) throws {
    av_frame_remove_side_data(pointer, type)
    let data = try MediaError.allocated(av_frame_new_side_data(pointer, type, bytes.count), "allocate a frame")
    bytes.withUnsafeBytes { from in
      if let base = from.baseAddress {
        data.pointee.data.update(from: base.assumingMemoryBound(to: UInt8.self), count: bytes.count)
      }
    }
  }
}

extension Packet {
  /// Replaces the encoded bytes, and keeps the times and everything else.
  ///
  /// - Throws: `MediaError` if memory is short.
  fileprivate func replace(_ bytes: [UInt8]) throws {
    let made = try bytes.withUnsafeBytes { try Packet(bytes: $0) }
    try MediaError.check(av_packet_copy_props(made.pointer, pointer), "allocate a packet")
    move(from: made)
  }

  /// Inserts bytes before the byte at `place`.
  ///
  /// - Throws: `MediaError` if memory is short.
  fileprivate func insert(_ bytes: [UInt8], at place: Int) throws {
    let length = size
    try MediaError.check(av_grow_packet(pointer, Int32(bytes.count)), "allocate a packet")
    guard let data = pointer.pointee.data else { return }
    (data + place + bytes.count).update(from: data + place, count: length - place)
    bytes.withUnsafeBufferPointer { from in
      if let base = from.baseAddress { (data + place).update(from: base, count: bytes.count) }
    }
  }
}
