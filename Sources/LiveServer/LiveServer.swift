import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// A server of painted streams, with a web page for watching them and changing their styles, and an HTTP API for other
/// programs.
///
/// The server starts and stops the streams. It never opens a source in response to a request.
package final class LiveServer: Sendable {
  /// The options of a server.
  package struct Options: Sendable {
    /// The address to listen on, as a host name or an IP address.
    package var address: String
    /// The port to listen on; 0 for any free port.
    package var port: Int
    /// The token that clients must present. Required unless the address is a loopback address.
    package var token: String?
    /// Additional host names of the server.
    package var hosts: [String]
    /// The maximum number of viewers, and also of readers of events.
    package var maximumViewerCount: Int
    /// The certificate for TLS; nil for a server without TLS.
    package var identity: ServerIdentity?

    /// Creates options. By default, only this machine can connect, without TLS.
    package init(
      address: String = "127.0.0.1", port: Int = 8080, token: String? = nil, hosts: [String] = [],
      maximumViewerCount: Int = 256, identity: ServerIdentity? = nil
    ) {
      self.address = address
      self.port = port
      self.token = token
      self.hosts = hosts
      self.maximumViewerCount = maximumViewerCount
      self.identity = identity
    }

    /// Room for the video and the events of each viewer, and for other requests.
    fileprivate var maximumConnectionCount: Int { 2 * maximumViewerCount + 128 }
  }

  /// The maximum number of connections of one client that wait for a request. A page has six at most.
  private static let maximumWaitingCount = 32

  /// The minimum token length in bytes. A shorter token could be guessed.
  package static let minimumTokenLength = 16

  let options: Options
  let streams: [PaintedStream]
  let camera: (stream: PaintedStream, frames: PostedFrames)?
  let catalog: StyleCatalog
  let training: TrainingQueue?
  /// The styles that can be renamed and deleted; nil if this server does not train.
  var trained: TrainedStyles? { training?.trained }
  let previews = StylePreviews()
  /// Serializes changes of the files of styles.
  let library = DispatchQueue(label: "styles")
  let policy: AccessPolicy
  let sessions = Sessions()
  let counters = ServerCounters()
  let subscriptions: SubscriptionList
  let events: ServerEvents
  let connections: Connections
  let guesses = Guesses()
  let paintings = RateLimit(rate: 0.2, burst: 3)
  let cameraFrames = RateLimit(rate: 70, burst: 70)

  private struct Running {
    var task: Task<Void, Never>?
    var port: Int?
    var failure: (any Error)?
    var isStopped = false
  }

  /// Shared by all servers of the process.
  private static let sharedExecutor = ServerExecutor()
  let executor = LiveServer.sharedExecutor
  private let running = Mutex(Running())
  private let changed = NSCondition()

  /// Creates a server. Call ``start()`` to run it.
  ///
  /// - Parameter camera: The member of `streams` that receives frames posted by pages.
  /// - Throws: ``LiveServerError`` if a required token is missing or too short.
  package init(
    _ options: Options, streams: [PaintedStream], camera: (stream: PaintedStream, frames: PostedFrames)? = nil,
    catalog: StyleCatalog, training: TrainingQueue? = nil
  ) throws(LiveServerError) {
    if !AccessPolicy.isLoopback(options.address), options.token == nil {
      throw .tokenMissing(address: options.address)
    }
    if options.token == nil, streams.contains(where: { $0.controls != nil }) { throw .controlsNeedToken }
    if let token = options.token, token.utf8.count < Self.minimumTokenLength { throw .tokenTooShort }
    self.options = options
    self.streams = streams
    self.camera = camera
    self.catalog = catalog
    self.training = training
    policy = AccessPolicy(address: options.address, token: options.token, hosts: options.hosts)
    subscriptions = SubscriptionList(maximumCount: options.maximumViewerCount, counters: counters)
    events = ServerEvents(maximumCount: options.maximumViewerCount)
    // No client can have all connections.
    connections = Connections(
      limits: .init(count: options.maximumConnectionCount / 2, waiting: Self.maximumWaitingCount))
  }

  // MARK: Starting and stopping

  /// Starts the streams and listens. Returns the port.
  ///
  /// - Throws: ``LiveServerError`` if the address is not available.
  package func start() throws -> Int {
    try checkAddress()
    let application = try makeApplication()
    let task = Task.detached(executorPreference: executor) { [self] in
      do { try await application.run() } catch { change { $0.failure = $0.failure ?? error } }
      change { $0.isStopped = true }
    }
    change { $0.task = task }
    let outcome = wait(seconds: 30) { $0.port != nil || $0.isStopped || $0.failure != nil }
    guard let port = outcome.port else {
      // Cancelling may need a lock that a hanging task holds.
      Thread.detachNewThread { task.cancel() }
      throw cannotListen(outcome.failure.map { "\($0)" } ?? "the server did not start")
    }
    for stream in streams { stream.start() }
    let thread = Thread { [self] in
      while !running.withLock({ $0.isStopped }) {
        usleep(250_000)
        subscriptions.endStalled()
        for stream in streams {
          stream.output.beat(after: .seconds(5))
          stream.controls?.endSilent()
          if stream.condition.condition == .ended { stream.controls?.close() }
        }
        if events.hasReaders { try? updateEvents() }
      }
    }
    thread.name = "housekeeping"
    thread.start()
    return port
  }

  /// Binds and releases the address, to detect errors early: an application that fails during startup may deadlock in
  /// its merged sequences of signals and cancellation.
  private func checkAddress() throws(LiveServerError) {
    do {
      let channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .bind(host: options.address, port: options.port).wait()
      try channel.close().wait()
    } catch {
      throw cannotListen("\(error)")
    }
  }

  private func cannotListen(_ reason: String) -> LiveServerError {
    .cannotListen(address: options.address, port: options.port, reason: reason)
  }

  /// Ends all streams, trainings and connections, and waits a few seconds for them to finish.
  package func stop() {
    training?.stop()
    events.close()
    for stream in streams { stream.output.close() }
    for controls in streams.compactMap(\.controls) {
      controls.close()
      controls.wait()
    }
    for stream in streams { stream.stop() }
    running.withLock { $0.task }?.cancel()
    _ = wait(seconds: 5) { $0.isStopped }
  }

  private func change(_ body: (inout Running) -> Void) {
    running.withLock { body(&$0) }
    changed.lock()
    changed.broadcast()
    changed.unlock()
  }

  private func wait(seconds: Double, until condition: (borrowing Running) -> Bool) -> Running {
    let end = Date(timeIntervalSinceNow: seconds)
    changed.lock()
    defer { changed.unlock() }
    while !running.withLock({ condition($0) }), changed.wait(until: end) {}
    return running.withLock { $0 }
  }

  /// The server's routes, each as a method and a path: `GET /api/streams/{id}`.
  package var routes: [String] { makeRouter(nil).routes.map(\.description) }

  private func makeRouter(_ middleware: GuardMiddleware?) -> Router<ServerContext> {
    let router = Router(context: ServerContext.self, options: .autoGenerateHeadEndpoints)
    if let middleware { router.add(middleware: middleware) }
    addPage(to: router)
    addClock(to: router)
    addStreams(to: router)
    addControls(to: router)
    addPreviews(to: router)
    addStyles(to: router)
    addTraining(to: router)
    addEvents(to: router)
    addSystem(to: router)
    return router
  }

  private func makeApplication() throws(LiveServerError) -> some ApplicationProtocol {
    // Do not log requests: their contents come from strangers.
    var logger = Logger(label: "stylize-live")
    logger.logLevel = .critical
    // The middleware must know all routes.
    let methods = AllowedMethods(makeRouter(nil).routes)
    return Application(
      router: makeRouter(GuardMiddleware(server: self, methods: methods)),
      server: try makeServer(logger),
      configuration: ApplicationConfiguration(
        address: .hostname(options.address, port: options.port), backlog: 512,
        availableConnectionsDelegate: .maximum(options.maximumConnectionCount, logger: logger)),
      onServerRunning: { [self] channel in
        let port = channel.localAddress?.port ?? options.port
        change { $0.port = port }
      },
      logger: logger)
  }

  private func makeServer(_ logger: Logger) throws(LiveServerError) -> HTTPServerBuilder {
    let plain = HTTPServerBuilder.http1(
      configuration: .init(
        additionalChannelHandlers: [ParserErrorHandler(), ConnectionHandler(self.connections)],
        idleTimeout: .seconds(20),
        httpDecoderConfiguration: .init(maxHeaderFieldSize: 8192, maxHeaderListSize: 32_768, maxHeaderFieldCount: 100)))
    guard let identity = options.identity else { return plain }
    do {
      let builder = try HTTPServerBuilder.tls(plain, tlsConfiguration: identity.configuration)
      // An application that fails during startup may not return, so find out now whether the key fits the certificate.
      _ = try builder.buildServer(
        configuration: .init(address: .hostname(options.address, port: options.port)),
        eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger, responder: { _, _, _ in })
      return builder
    } catch {
      throw .unusableIdentity
    }
  }
}

/// Describes why a server cannot start.
package enum LiveServerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The address is reachable from other machines and no token is set.
  case tokenMissing(address: String)
  /// A stream has controls and no token is set.
  case controlsNeedToken
  /// The token is too short.
  case tokenTooShort
  /// The address or the port is not available.
  case cannotListen(address: String, port: Int, reason: String)
  /// A file for TLS cannot be used.
  case unusableFile(name: String, reason: String)
  /// The private key does not belong to the certificate.
  case unusableIdentity

  /// The error message, one sentence.
  package var description: String {
    switch self {
    case .tokenMissing(let address):
      "the address \(address) is reachable from other machines and requires a token (--token)"
    case .controlsNeedToken: "viewers may control a game only with a token (--token)"
    case .tokenTooShort: "the token is too short: expected at least \(LiveServer.minimumTokenLength) bytes"
    case .cannotListen(let address, let port, let reason): "cannot listen on \(address), port \(port): \(reason)"
    case .unusableFile(let name, let reason): "cannot use \(name): \(reason)"
    case .unusableIdentity: "the private key (--key) does not belong to the certificate (--certificate)"
    }
  }
}
