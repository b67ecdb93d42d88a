import Hummingbird
import NIOCore
import NIOHTTPTypes
import Synchronization

/// The open connections of a server, which are limited for each client.
///
/// A connection that answers nothing yet, because its request is missing or incomplete, is waiting. A client with too
/// many of those loses the one that has waited longest, so that it cannot keep itself or others out.
final class Connections: Sendable {
  /// The limits of one client.
  struct Limits: Sendable {
    /// The maximum number of connections.
    var count: Int
    /// The maximum number of waiting connections.
    var waiting: Int
  }

  private struct Connection {
    let channel: any Channel
    /// The position in the order in which connections began to wait; nil while one answers.
    var turn: Int?
  }

  private struct State {
    var clients: [ClientAddress: [ObjectIdentifier: Connection]] = [:]
    var nextTurn = 0
  }

  private let limits: Limits
  private let state = Mutex(State())

  init(limits: Limits) { self.limits = limits }

  /// The number of open connections.
  var count: Int { state.withLock { $0.clients.values.reduce(0) { $0 + $1.count } } }

  /// Adds a connection, which waits for its first request. Returns false if the client has too many.
  fileprivate func add(_ channel: any Channel) -> Bool {
    let client = ClientAddress(of: channel)
    let isAdded = state.withLock { state in
      guard state.clients[client, default: [:]].count < limits.count else { return false }
      state.clients[client, default: [:]][ObjectIdentifier(channel)] = Connection(channel: channel)
      return true
    }
    if isAdded { setWaiting(true, channel) }
    return isAdded
  }

  /// Notes whether a connection waits for a request.
  fileprivate func setWaiting(_ isWaiting: Bool, _ channel: any Channel) {
    let client = ClientAddress(of: channel)
    let surplus = state.withLock { state -> (any Channel)? in
      guard state.clients[client]?[ObjectIdentifier(channel)] != nil else { return nil }
      state.nextTurn += 1
      state.clients[client]?[ObjectIdentifier(channel)]?.turn = isWaiting ? state.nextTurn : nil
      guard isWaiting, let waiting = state.clients[client]?.values.filter({ $0.turn != nil }) else { return nil }
      guard waiting.count > limits.waiting else { return nil }
      let surplus = waiting.min { ($0.turn ?? 0) < ($1.turn ?? 0) }?.channel
      // It no longer counts, although closing takes a moment.
      if let surplus { state.clients[client]?[ObjectIdentifier(surplus)] = nil }
      return surplus
    }
    surplus?.close(promise: nil)
  }

  fileprivate func remove(_ channel: any Channel, of client: ClientAddress) {
    state.withLock { state in
      state.clients[client]?[ObjectIdentifier(channel)] = nil
      if state.clients[client]?.isEmpty == true { state.clients[client] = nil }
    }
  }
}

/// Keeps the list of connections up to date, and ends a connection whose client does not take its response or goes on
/// to send a body that nobody reads.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// How long a client may take nothing of a response. A slow one takes what is buffered for a video in this time.
  private static let patience = TimeAmount.seconds(60)
  /// How long to keep a connection after a refusal, so that the client can read why.
  private static let farewell = TimeAmount.seconds(1)

  private let connections: Connections
  private var client: ClientAddress?
  private var isReading = false
  private var answers = 0
  private var isEnding = false
  private var stall: Scheduled<Void>?

  init(_ connections: Connections) { self.connections = connections }

  func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { begin(context) }
  }

  func channelActive(context: ChannelHandlerContext) {
    begin(context)
    context.fireChannelActive()
  }

  private func begin(_ context: ChannelHandlerContext) {
    guard client == nil else { return }
    client = ClientAddress(of: context.channel)
    if !connections.add(context.channel) { context.close(promise: nil) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    stall?.cancel()
    if let client { connections.remove(context.channel, of: client) }
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if isEnding { return }
    switch unwrapInboundIn(data) {
    case .head:
      isReading = true
      answers += 1
    case .body: break
    case .end:
      isReading = false
      connections.setWaiting(false, context.channel)
    }
    context.fireChannelRead(data)
  }

  /// What follows a refusal stays unread, so that the client has to wait with it.
  func read(context: ChannelHandlerContext) {
    if !isEnding { context.read() }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    // Requests are answered in order, so the last response belongs to the request that is being read.
    let isEarly = isReading && answers == 1
    switch unwrapOutboundIn(data) {
    case .head(var head) where isEarly:
      head.headerFields[.connection] = "close"
      context.write(wrapOutboundOut(.head(head)), promise: promise)
    case .head, .body: context.write(data, promise: promise)
    case .end where isEarly:
      isEnding = true
      let channel = context.channel
      let written = promise ?? context.eventLoop.makePromise()
      written.futureResult.whenComplete { _ in channel.close(mode: .output, promise: nil) }
      context.writeAndFlush(data, promise: written)
      context.eventLoop.scheduleTask(in: Self.farewell) { channel.close(promise: nil) }
    case .end:
      answers -= 1
      if answers == 0 || isReading && answers == 1 { connections.setWaiting(true, context.channel) }
      context.write(data, promise: promise)
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    stall?.cancel()
    stall = nil
    if !context.channel.isWritable {
      let channel = context.channel
      stall = context.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
    }
    context.fireChannelWritabilityChanged()
  }
}

@available(*, unavailable)
extension ConnectionHandler: Sendable {}
