import Hummingbird
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Adds the reason, as JSON, to the response to bytes that are not an HTTP request.
///
/// Hummingbird answers those with status 400 and an empty body, before there is a request that a route could refuse.
final class ParserErrorHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private var hasFailed = false

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // Nothing is read after it.
    hasFailed = hasFailed || error is HTTPParserError
    context.fireErrorCaught(error)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard hasFailed, case .head(var head) = unwrapOutboundIn(data), head.status == .badRequest,
      head.headerFields[.contentLength] == "0",
      let reason = try? RequestError(.badRequest, message: "the bytes are not an HTTP request").encoded()
    else { return context.write(data, promise: promise) }
    head.headerFields[.contentLength] = String(reason.readableBytes)
    head.headerFields[.contentType] = Answer.jsonType
    context.write(wrapOutboundOut(.head(head)), promise: promise)
    context.write(wrapOutboundOut(.body(reason)), promise: nil)
  }
}

@available(*, unavailable)
extension ParserErrorHandler: Sendable {}
