import Foundation

/// A record of `video.chunks`.
enum ChunkRecord {
  struct Configuration: Decodable {
    struct Video: Decodable {
      var codec: String
      var codedWidth: Int
      var codedHeight: Int
    }

    struct Audio: Decodable {
      var codec: String
      var sampleRate: Int
      var numberOfChannels: Int
      var description: String
    }

    var video: Video
    var audio: Audio?
    var rendition: String
  }

  struct Picture {
    var isKeyframe: Bool
    var timestamp: Int64
    var duration: Int64
    var captured: Int64
    var encoded: Int64
    var data: [UInt8]

    /// The types of the NAL units (ITU-T H.264, table 7-1).
    var units: [UInt8] {
      data.indices.dropLast(3).filter { data[$0..<$0 + 3].elementsEqual([0, 0, 1]) }.map { data[$0 + 3] & 31 }
    }
  }

  case padding
  case configuration(Configuration)
  case picture(Picture)
  case sound(timestamp: Int64, duration: Int64, data: [UInt8])
}

extension Connection {
  /// Reads the next record of a chunked body.
  func takeRecord() throws -> ChunkRecord {
    func number(_ bytes: some Sequence<UInt8>) -> Int64 { bytes.reduce(0) { $0 << 8 | Int64($1) } }
    let size = Int(number(try takeChunked(4)))
    let content = try takeChunked(size)
    guard let kind = content.first else { throw Ended() }
    let rest = Array(content.dropFirst())
    switch kind {
    case 0: return .padding
    case 1: return .configuration(try JSONDecoder().decode(ChunkRecord.Configuration.self, from: Data(rest)))
    case 2:
      guard rest.count > 29 else { throw Ended() }
      return .picture(
        .init(
          isKeyframe: rest[0] == 1, timestamp: number(rest[1..<9]), duration: number(rest[9..<13]),
          captured: number(rest[13..<21]), encoded: number(rest[21..<29]), data: Array(rest[29...])))
    case 3:
      guard rest.count > 12 else { throw Ended() }
      return .sound(timestamp: number(rest[..<8]), duration: number(rest[8..<12]), data: Array(rest[12...]))
    default: throw Ended()
    }
  }

  /// Reads records up to the next picture. Returns the configuration before it, if there was one.
  func takePictureRecord() throws -> (ChunkRecord.Picture, ChunkRecord.Configuration?) {
    var configuration: ChunkRecord.Configuration?
    while true {
      switch try takeRecord() {
      case .configuration(let found): configuration = found
      case .picture(let picture): return (picture, configuration)
      case .padding, .sound: break
      }
    }
  }
}
