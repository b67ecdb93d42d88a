import FoundationEssentials
import Tensors

/// The JSON header of the format.
enum SafetensorsHeader {
  /// The limit of the reference implementation, so that a damaged length cannot allocate much memory.
  static let maximumLength = 100_000_000
  static let metadataKey = "__metadata__"

  /// Parses the header and checks it against the number of bytes that follow it.
  ///
  /// - Throws: ``SafetensorsError`` if the header is invalid.
  static func parse(_ json: Data, path: String, dataSize: Int) throws(SafetensorsError) -> SafetensorsFile {
    guard json.first == UInt8(ascii: "{") else {
      throw .header(path: path, problem: "its header does not begin with '{'")
    }
    let decoded: DecodedHeader
    do {
      decoded = try JSONDecoder().decode(DecodedHeader.self, from: json)
    } catch {
      throw .header(path: path, problem: "its header does not describe tensors (\(summary(of: error)))")
    }
    // Foundation silently drops one of two equal keys. Every key is followed by one colon, so the numbers differ then.
    guard colonsOutsideStrings(json) == decoded.keyCount else {
      throw .header(path: path, problem: "its header names something twice")
    }
    var entries: [SafetensorsEntry] = []
    for (name, tensor) in decoded.tensors {
      entries.append(try entry(name: name, tensor, path: path, dataSize: dataSize))
    }
    try checkLayout(entries, path: path, dataSize: dataSize)
    return SafetensorsFile(
      metadata: decoded.metadata,
      tensors: Dictionary(entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }))
  }

  /// Returns the header for `entries`, padded with spaces to a multiple of 8 bytes.
  static func encode(_ entries: [SafetensorsEntry], metadata: [String: String]) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let tensors = Dictionary(
      entries.map { entry in
        let range = [entry.byteRange.lowerBound, entry.byteRange.upperBound]
        let tensor = EncodedTensor(
          dtype: entry.dataType.rawValue, shape: entry.shape.dimensions, dataOffsets: range)
        return (entry.name, EncodedValue.tensor(tensor))
      }, uniquingKeysWith: { first, _ in first })
    var values = tensors
    if !metadata.isEmpty { values[metadataKey] = .metadata(metadata) }
    var json = try encoder.encode(values)
    while json.count % 8 != 0 { json.append(UInt8(ascii: " ")) }
    return json
  }

  private static func entry(
    name: String, _ tensor: DecodedTensor, path: String, dataSize: Int
  ) throws(SafetensorsError) -> SafetensorsEntry {
    guard let dataType = SafetensorsDataType(rawValue: tensor.dtype) else {
      throw .entry(path: path, tensor: name, problem: "has the unknown element type '\(printable(tensor.dtype))'")
    }
    var byteCount = dataType.byteCount
    for extent in tensor.shape {
      let (product, overflows) = byteCount.multipliedReportingOverflow(by: extent)
      guard extent >= 0, !overflows else {
        throw .entry(path: path, tensor: name, problem: "has the impossible shape \(tensor.shape)")
      }
      byteCount = product
    }
    guard tensor.dataOffsets.count == 2 else {
      throw .entry(
        path: path, tensor: name, problem: "has \(tensor.dataOffsets.count) byte offsets, where 2 were expected")
    }
    let (start, end) = (tensor.dataOffsets[0], tensor.dataOffsets[1])
    guard start >= 0, start <= end, end <= dataSize else {
      throw .entry(
        path: path, tensor: name,
        problem: "lies at bytes \(start) to \(end), and the file has \(dataSize) bytes of tensors")
    }
    guard end - start == byteCount else {
      throw .entry(
        path: path, tensor: name,
        problem: "has \(end - start) bytes, where \(tensor.shape) of \(dataType.rawValue) takes \(byteCount)")
    }
    return SafetensorsEntry(name: name, dataType: dataType, shape: Shape(tensor.shape), byteRange: start..<end)
  }

  private static func checkLayout(
    _ entries: [SafetensorsEntry], path: String, dataSize: Int
  ) throws(SafetensorsError) {
    let sorted = entries.sorted {
      ($0.byteRange.lowerBound, $0.byteRange.upperBound) < ($1.byteRange.lowerBound, $1.byteRange.upperBound)
    }
    var position = 0
    for entry in sorted {
      guard entry.byteRange.lowerBound == position else {
        let fault = entry.byteRange.lowerBound < position ? "overlaps the tensor before it" : "leaves a gap before it"
        throw .entry(path: path, tensor: entry.name, problem: "\(fault) (at byte \(entry.byteRange.lowerBound))")
      }
      position = entry.byteRange.upperBound
    }
    guard position == dataSize else {
      throw .layout(path: path, problem: "its tensors take \(position) bytes, and \(dataSize) follow the header")
    }
  }

  private static func colonsOutsideStrings(_ json: Data) -> Int {
    var count = 0
    var isInString = false
    var isEscaped = false
    for byte in json {
      if isInString {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          isInString = false
        }
      } else if byte == UInt8(ascii: "\"") {
        isInString = true
      } else if byte == UInt8(ascii: ":") {
        count += 1
      }
    }
    return count
  }

  private static func summary(of error: any Error) -> String {
    guard let error = error as? DecodingError else { return "unreadable" }
    let context: DecodingError.Context
    switch error {
    case .typeMismatch(_, let found), .valueNotFound(_, let found), .keyNotFound(_, let found),
      .dataCorrupted(let found):
      context = found
    @unknown default: return "unreadable"
    }
    let place = printable(context.codingPath.map(\.stringValue).joined(separator: "."))
    switch error {
    case .keyNotFound(let key, _): return "'\(place)' lacks '\(key.stringValue)'"
    case .dataCorrupted where place.isEmpty: return "malformed JSON"
    default: return "unexpected value at '\(place)'"
    }
  }
}

// MARK: - JSON

private struct Key: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

private enum TensorKey: String, CodingKey {
  case dtype
  case shape
  case dataOffsets = "data_offsets"
}

private struct DecodedTensor: Decodable {
  let dtype: String
  let shape: [Int]
  let dataOffsets: [Int]

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: TensorKey.self)
    dtype = try container.decode(String.self, forKey: .dtype)
    shape = try container.decode([Int].self, forKey: .shape)
    dataOffsets = try container.decode([Int].self, forKey: .dataOffsets)
    if let stranger = try decoder.container(keyedBy: Key.self).allKeys.first(where: {
      TensorKey(stringValue: $0.stringValue) == nil
    }) {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath + [stranger], debugDescription: "unknown field"))
    }
  }
}

private struct DecodedHeader: Decodable {
  let metadata: [String: String]
  let tensors: [(String, DecodedTensor)]

  /// The number of keys in the JSON of this header, at all levels.
  var keyCount: Int { rootKeyCount + metadata.count + 3 * tensors.count }
  private let rootKeyCount: Int

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let keys = container.allKeys
    rootKeyCount = keys.count
    let metadataKey = Key(stringValue: SafetensorsHeader.metadataKey)
    metadata = try container.decodeIfPresent([String: String].self, forKey: metadataKey) ?? [:]
    tensors = try keys.filter { $0.stringValue != metadataKey.stringValue }.map { key in
      (key.stringValue, try container.decode(DecodedTensor.self, forKey: key))
    }
  }
}

private struct EncodedTensor: Encodable {
  let dtype: String
  let shape: [Int]
  let dataOffsets: [Int]

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: TensorKey.self)
    try container.encode(dtype, forKey: .dtype)
    try container.encode(shape, forKey: .shape)
    try container.encode(dataOffsets, forKey: .dataOffsets)
  }
}

private enum EncodedValue: Encodable {
  case metadata([String: String])
  case tensor(EncodedTensor)

  func encode(to encoder: any Encoder) throws {
    switch self {
    case .metadata(let text): try text.encode(to: encoder)
    case .tensor(let tensor): try tensor.encode(to: encoder)
    }
  }
}
