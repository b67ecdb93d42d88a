import HTTPTypes
import Hummingbird

extension LiveServer {
  private static let maximumRequestSize = 1 << 10
  private static let maximumBatchSize = 32 << 10

  func addControls(to router: Router<ServerContext>) {
    router.post("api/streams/:id/controls") { [self] request, context in
      let controls = try controls(context)
      let request = try await Answer.decode(ControlsRequest.self, from: request, upTo: Self.maximumRequestSize)
      let lease = try Self.performing { () throws(StreamControls.Refusal) in try controls.take(name: request.name) }
      try updateEvents()
      return try Answer.json(["lease": lease], status: .created)
    }
    router.delete("api/streams/:id/controls") { [self] request, context in
      let controls = try controls(context)
      let lease = request.uri.queryParameters.get("lease") ?? ""
      try Self.performing { () throws(StreamControls.Refusal) in try controls.giveBack(lease: lease) }
      try updateEvents()
      return Response(status: .noContent)
    }
    router.post("api/streams/:id/controls/input") { [self] request, context in
      let controls = try controls(context)
      let batch = try await Answer.decode(InputBatch.self, from: request, upTo: Self.maximumBatchSize)
      try Self.performing { () throws(StreamControls.Refusal) in try controls.perform(batch) }
      return Response(status: .noContent)
    }
  }

  private func controls(_ context: ServerContext) throws -> StreamControls {
    guard let controls = try stream(context).controls else {
      throw RequestError(.conflict, message: "this stream has no controls")
    }
    return controls
  }

  private static func performing<Result>(
    _ body: () throws(StreamControls.Refusal) -> Result
  ) throws(RequestError) -> Result {
    do {
      return try body()
    } catch {
      switch error {
      case .isHeld: throw RequestError(.conflict, message: "another viewer holds the controls")
      case .notHolder:
        throw RequestError(.gone, field: "lease", message: "the lease has ended; take the controls again")
      case .missing(let number):
        throw RequestError(.conflict, field: "number", message: "batch \(number) is missing")
      case .tooMany: throw RequestError(.tooManyRequests, message: "too many batches")
      case .unavailable(let reason): throw RequestError(.serviceUnavailable, message: reason)
      }
    }
  }
}

/// The body of a request for the controls.
private struct ControlsRequest: Decodable {
  /// The name to show to other viewers; nil for none.
  var name: String?

  private enum Key: String, CodingKey, CaseIterable { case name }

  init(from decoder: any Decoder) throws {
    let values = try decoder.knownValues(Key.self)
    let text = try values.decodeIfPresent(String.self, forKey: .name)?.trimmingSpaces ?? ""
    guard text.count <= StreamControls.maximumNameLength, text.unicodeScalars.allSatisfy({ !$0.isControlOrFormat })
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .name, in: values,
        debugDescription: "expected at most \(StreamControls.maximumNameLength) characters without control characters")
    }
    name = text.isEmpty ? nil : text
  }
}

extension String {
  fileprivate var trimmingSpaces: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}

extension Unicode.Scalar {
  /// Whether the scalar is invisible or changes the direction of text.
  fileprivate var isControlOrFormat: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: true
    default: false
    }
  }
}
