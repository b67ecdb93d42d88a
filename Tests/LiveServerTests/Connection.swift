import Foundation

/// A client's TCP connection to this machine. Works on raw bytes, so that tests can misbehave.
final class Connection {
  /// The server has closed the connection or sent nothing for a minute.
  struct Ended: Error {}

  private let descriptor: Int32
  private var buffer: [UInt8] = []

  /// Connects.
  ///
  /// - Parameters:
  ///   - receiveBuffer: The approximate maximum number of unread bytes that the system buffers.
  ///   - client: The last number of this end's address, `127.0.0.1` by default.
  init(port: Int, receiveBuffer: Int32? = nil, client: UInt8 = 1) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var patience = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    if var size = receiveBuffer {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }
    func call(_ number: UInt8, _ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) throws {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = UInt16(port).bigEndian
      address.sin_addr.s_addr = (UInt32(0x7F00_0000) + UInt32(number)).bigEndian
      let status = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
      }
      if status != 0 { throw Ended() }
    }
    try call(client, 0) { bind(descriptor, $0, $1) }
    try call(1, port) { connect(descriptor, $0, $1) }
  }

  deinit { close(descriptor) }

  func send(_ bytes: some Collection<UInt8>) throws {
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Ended() }
      rest = rest.dropFirst(count)
    }
  }

  private func fill() throws {
    var part = [UInt8](repeating: 0, count: 65536)
    let count = recv(descriptor, &part, part.count, 0)
    guard count > 0 else { throw Ended() }
    buffer += part[..<count]
  }

  func take(_ count: Int) throws -> [UInt8] {
    while buffer.count < count { try fill() }
    defer { buffer.removeFirst(count) }
    return Array(buffer[..<count])
  }

  func takeLine() throws -> String {
    while true {
      if let end = buffer.firstIndex(of: 10) {
        let line = String(decoding: buffer[..<end], as: UTF8.self)
        buffer.removeFirst(end + 1)
        return line.last == "\r" ? String(line.dropLast()) : line
      }
      try fill()
    }
  }

  /// Reads the status line and the headers, with names in lower case.
  func takeHead() throws -> (status: Int, headers: [String: String]) {
    let words = try takeLine().split(separator: " ")
    var headers: [String: String] = [:]
    while case let line = try takeLine(), !line.isEmpty {
      guard let colon = line.firstIndex(of: ":") else { throw Ended() }
      headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    guard words.count > 1, let status = Int(words[1]) else { throw Ended() }
    return (status, headers)
  }

  /// Decoded bytes of a chunked body (RFC 9112, 7.1).
  private var chunked: [UInt8] = []

  /// Reads the next bytes of a chunked body.
  ///
  /// - Throws: ``Ended`` at its end.
  func takeChunked(_ count: Int) throws -> [UInt8] {
    while chunked.count < count {
      guard let size = Int(try takeLine(), radix: 16), size > 0 else { throw Ended() }
      chunked += try take(size)
      _ = try takeLine()
    }
    defer { chunked.removeFirst(count) }
    return Array(chunked[..<count])
  }

  func takeChunkedLine() throws -> String {
    var line: [UInt8] = []
    while line.last != 10 { line += try takeChunked(1) }
    return String(decoding: line, as: UTF8.self).trimmingCharacters(in: .newlines)
  }
}

/// A response to a test's request.
struct Response {
  var status: Int
  var headers: [String: String]
  var body: [UInt8]

  var text: String { String(decoding: body, as: UTF8.self) }

  func json<Value: Decodable>(_ type: Value.Type) throws -> Value { try JSONDecoder().decode(type, from: Data(body)) }
}
