import CFFmpeg

/// Finds the packets of a video stream from which a decoder returns the same frames as one that began with the film.
///
/// The flag of a keyframe is not enough: containers also set it for pictures after which a decoder only approaches the
/// right frames. Packets go in one by one, in decoding order, because parameter sets of earlier packets count.
package struct RandomAccess {
  private enum Kind {
    /// Each packet is a picture of its own.
    case intra
    /// H.264 and HEVC, whose units have a length of so many bytes, or start codes if it is nil.
    case units(isHEVC: Bool, lengthSize: Int?)
    case mpeg2
    /// A keyframe resets everything.
    case keyframes
    case unknown
  }

  private let kind: Kind
  private let isVP8: Bool
  private var hasSeenParameterSets = false
  /// Whether a packet changed the decoder's parameters, so that those of the header are not enough.
  private var hasChangedParameters = false

  /// Examines a stream.
  package init(_ stream: MediaStream) {
    let parameters = stream.parameters.pointee
    let id = parameters.codec_id
    isVP8 = id == AV_CODEC_ID_VP8
    let properties = avcodec_descriptor_get(id)?.pointee.props ?? 0
    let header = UnsafeBufferPointer(start: parameters.extradata, count: Int(max(0, parameters.extradata_size)))
    // A palette may have come with an earlier packet.
    if parameters.format == AV_PIX_FMT_PAL8.rawValue {
      kind = .unknown
    } else if properties & AV_CODEC_PROP_INTRA_ONLY != 0 {
      kind = .intra
    } else {
      kind =
        switch id {
        case AV_CODEC_ID_H264:
          .units(isHEVC: false, lengthSize: header.count > 6 && header[0] == 1 ? Int(header[4] & 3) + 1 : nil)
        case AV_CODEC_ID_HEVC:
          .units(isHEVC: true, lengthSize: header.count > 22 && header[0] == 1 ? Int(header[21] & 3) + 1 : nil)
        case AV_CODEC_ID_MPEG1VIDEO, AV_CODEC_ID_MPEG2VIDEO: .mpeg2
        case AV_CODEC_ID_VP8, AV_CODEC_ID_VP9, AV_CODEC_ID_AV1, AV_CODEC_ID_FFV1: .keyframes
        default: .unknown
        }
    }
  }

  /// Returns whether the packet becomes a frame: it is not to be discarded, and not hidden as some of VP8 are.
  package func isShown(_ packet: Packet) -> Bool {
    guard packet.pointer.pointee.flags & AV_PKT_FLAG_DISCARD == 0 else { return false }
    return !isVP8 || packet.withUnsafeBytes { $0.first.map { $0 & 0x10 != 0 } ?? true }
  }

  /// Takes the next packet and returns whether decoding can begin with it: all frames of its time and later ones are
  /// then exact.
  package mutating func isPoint(_ packet: Packet) -> Bool {
    let changes = [AV_PKT_DATA_NEW_EXTRADATA, AV_PKT_DATA_PARAM_CHANGE, AV_PKT_DATA_PALETTE]
    for index in 0..<Int(packet.pointer.pointee.side_data_elems)
    where changes.contains(packet.pointer.pointee.side_data[index].type) {
      hasChangedParameters = true
    }
    var sets = false
    var isClean = false
    switch kind {
    case .intra: isClean = true
    case .units(let isHEVC, let lengthSize):
      let types = packet.withUnsafeBytes { Self.unitTypes($0, lengthSize: lengthSize, isHEVC: isHEVC) }
      // HEVC: BLA, IDR and CRA, after which pictures do not refer to earlier ones (ITU-T H.265, 8.1.3). H.264: IDR.
      isClean = types.contains { isHEVC ? (16...21).contains($0) : $0 == 5 }
      sets = types.contains(isHEVC ? 33 : 7) && types.contains(isHEVC ? 34 : 8)
      let hasAny = types.contains { isHEVC ? (32...34).contains($0) : $0 == 7 || $0 == 8 }
      defer { hasSeenParameterSets = hasSeenParameterSets || hasAny }
      return isClean && packet.isKeyframe && !hasChangedParameters && (sets || !hasSeenParameterSets)
    // The quantizer matrices are those of the sequence header.
    case .mpeg2: isClean = packet.withUnsafeBytes { $0.starts(with: [0, 0, 1, 0xb3]) }
    case .keyframes: isClean = true
    case .unknown: return false
    }
    return isClean && packet.isKeyframe && !hasChangedParameters
  }

  /// The types of the units in a packet of H.264 or HEVC.
  private static func unitTypes(_ bytes: UnsafeRawBufferPointer, lengthSize: Int?, isHEVC: Bool) -> Set<UInt8> {
    var types: Set<UInt8> = []
    func add(_ header: UInt8) { types.insert(isHEVC ? (header >> 1) & 63 : header & 31) }
    var index = 0
    if let lengthSize {
      while index + lengthSize < bytes.count {
        let length = bytes[index..<index + lengthSize].reduce(0) { $0 << 8 | Int($1) }
        index += lengthSize
        guard length > 0, length <= bytes.count - index else { break }
        add(bytes[index])
        index += length
      }
    } else {
      while index + 3 < bytes.count {
        guard bytes[index] == 0, bytes[index + 1] == 0, bytes[index + 2] == 1 else {
          index += 1
          continue
        }
        add(bytes[index + 3])
        index += 3
      }
    }
    return types
  }
}

extension Demuxer {
  /// Whether the container has an index, with which ``seek(to:in:)`` finds keyframes and packets keep their times.
  package var hasExactIndex: Bool {
    let names = formatName.split(separator: ",")
    return names.contains("mov") || names.contains("matroska")
  }

  /// Continues reading at the last keyframe of `stream` that is indexed at or before `time`, in the stream's time base.
  ///
  /// - Throws: `MediaError` if the container cannot do that. Reading then goes on anywhere.
  package func seek(to time: Int64, in stream: MediaStream) throws {
    cffmpeg_clear_last_log_line()
    try MediaError.check(
      av_seek_frame(context.pointer, Int32(stream.index), time, AVSEEK_FLAG_BACKWARD), "seek in", file: file)
  }
}
