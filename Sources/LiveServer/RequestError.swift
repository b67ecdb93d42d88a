import Foundation
import HTTPTypes
import Hummingbird

/// Why a request is refused, as JSON for the client: `{"error": {"field": "strength", "message": "..."}}`.
struct RequestError: Error, HTTPResponseError {
  let status: HTTPResponse.Status
  /// The key of the body, the query parameter or the header that is wrong, such as `styles[0].share`; nil if no single
  /// one is.
  let field: String?
  /// Additional headers of the response.
  let headers: HTTPFields
  /// One sentence, without paths of the server.
  let message: String

  private struct Body: Encodable {
    struct Fault: Encodable {
      var field: String?
      var message: String
    }

    var error: Fault
  }

  init(_ status: HTTPResponse.Status, field: String? = nil, headers: HTTPFields = [:], message: String) {
    self.status = status
    self.field = field
    self.headers = headers
    self.message = message.withoutFolders
  }

  /// Describes an error of the library, which may lack a message.
  init(_ error: any HTTPResponseError) {
    let known = error as? HTTPError
    let message = error.status == .contentTooLarge ? "the body is larger than the limit" : error.status.reasonPhrase
    self.init(error.status, headers: known?.headers ?? [:], message: known?.body ?? message)
  }

  /// Describes why a JSON body cannot be decoded.
  init(_ error: DecodingError) {
    var field: [any CodingKey] = []
    let message: String
    switch error {
    case .keyNotFound(let key, let context):
      field = context.codingPath + [key]
      message = "the value is missing"
    case .valueNotFound(_, let context):
      field = context.codingPath
      message = "found null, expected a value"
    case .typeMismatch(let type, let context):
      field = context.codingPath
      message = "the value has the wrong type, expected \(Self.name(of: type))"
    case .dataCorrupted(let context):
      field = context.codingPath
      message = field.isEmpty ? "the body is not valid JSON" : context.debugDescription
    @unknown default: message = "the body has an unexpected structure"
    }
    self.init(.badRequest, field: Self.path(field), message: message)
  }

  private var body: Body { Body(error: .init(field: field, message: message)) }

  /// The JSON, for a response that no route makes.
  func encoded() throws -> ByteBuffer { ByteBuffer(bytes: try Answer.data(body)) }

  func response(from request: Request, context: some RequestContext) throws -> Response {
    var response = try Answer.json(body, status: status)
    response.headers.append(contentsOf: headers)
    return request.method == .head ? response.createHeadResponse() : response
  }

  /// Returns the path of a value as a script writes it: `styles[0].share`.
  private static func path(_ keys: [any CodingKey]) -> String? {
    let path = keys.reduce("") { path, key in
      if let index = key.intValue { return "\(path)[\(index)]" }
      return path.isEmpty ? key.stringValue : "\(path).\(key.stringValue)"
    }
    return path.isEmpty ? nil : String(path.prefix(200))
  }

  private static func name(of type: any Any.Type) -> String {
    switch type {
    case is Bool.Type: "true or false"
    case is String.Type: "a string"
    case is Int.Type, is Double.Type: "a number"
    case is [Any].Type: "an array"
    default: "an object"
    }
  }
}

extension Decoder {
  /// Returns the object's values by key.
  ///
  /// - Throws: `DecodingError` if the object has other keys.
  func knownValues<Key: CodingKey & CaseIterable>(_ type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    let known = Set(Key.allCases.map(\.stringValue))
    let keys = try container(keyedBy: AnyKey.self).allKeys
    if let other = keys.sorted(by: { $0.stringValue < $1.stringValue }).first(where: { !known.contains($0.stringValue) }
    ) {
      let expected = known.sorted().joined(separator: ", ")
      throw DecodingError.dataCorrupted(
        .init(codingPath: codingPath + [other], debugDescription: "unknown key, expected one of \(expected)"))
    }
    return try container(keyedBy: type)
  }
}

/// Any key of a JSON object.
private struct AnyKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { return nil }
}

extension String {
  /// The text with each absolute path replaced by its last component, for readers who must not learn where the server
  /// has its files. URLs stay as they are.
  var withoutFolders: String {
    var words: [Substring] = []
    // A path may contain spaces: the word after a part of a path belongs to it if it has a slash as well.
    var opening: Substring?
    for word in split(separator: " ", omittingEmptySubsequences: false) {
      let start = word.firstIndex { !"'\"(<[".contains($0) } ?? word.endIndex
      let isAbsolute = word[start...].hasPrefix("/")
      guard let slash = word.lastIndex(of: "/"), isAbsolute || opening != nil, !word.contains("://") else {
        words.append(word)
        opening = nil
        continue
      }
      if !isAbsolute { words.removeLast() }
      opening = isAbsolute ? word[..<start] : opening
      words.append((opening ?? "") + word[word.index(after: slash)...])
    }
    return words.joined(separator: " ")
  }
}
