import FFmpeg
import Foundation
import Inference
import LiveServer
import Networks
import Streaming
import Synchronization
import TestSupport
import Testing
import Threading

/// A source of random noise at a fixed rate, endless unless it has a number of frames.
final class RandomSource: FrameSource {
  let description: VideoDescription
  private let interval: UInt32
  private let count: Int64
  private let isStopped = Atomic<Bool>(false)
  private let state: Mutex<(number: Int64, random: Random)>

  init(width: Int, height: Int, interval: UInt32, count: Int64 = .max) {
    self.count = count
    description = VideoDescription(
      format: VideoFormat(width: width, height: height, pixelFormat: .rgb24), timeBase: Rational(1, 1_000_000))
    self.interval = interval
    state = Mutex((0, Random(seed: 1)))
  }

  func read(into target: Frame) throws -> Bool {
    usleep(interval)
    if isStopped.load(ordering: .acquiring) { return false }
    let frame = try Frame(description.format)
    return try state.withLock { state in
      guard state.number < count else { return false }
      state.number += 1
      if let plane = frame.plane(0) {
        for index in 0..<frame.stride(0) * frame.height {
          plane[index] = UInt8(truncatingIfNeeded: state.random.next())
        }
      }
      try target.reference(frame)
      target.pts = state.number * Int64(interval)
      return true
    }
  }

  func stop() { isStopped.store(true, ordering: .releasing) }
}

/// A server in this process with two styles in its own folder, optionally a third one named `canvas` that has a canvas,
/// and an HTTP client for it.
final class RunningServer {
  let folder: TemporaryFolder
  let stream: PaintedStream
  let camera: PaintedStream
  let server: LiveServer
  let port: Int

  init(
    size: (Int, Int) = (64, 48), interval: UInt32 = 20_000, options: LiveServer.Options = LiveServer.Options(port: 0),
    trainer: String? = nil, obstacle: String? = nil, hasCanvas: Bool = false, restsUnwatched: Bool = false,
    controls: StreamControls? = nil, open: PaintedStream.Open? = nil
  ) throws {
    folder = try TemporaryFolder()
    try randomModel(seed: 1).save(path: folder.file("first.safetensors"))
    try randomModel(seed: 2).save(path: folder.file("second.safetensors"))
    if hasCanvas {
      try randomModel(seed: 3, network: canvasNetwork).save(path: folder.file("canvas.safetensors"))
    }
    try folder.write([0xFF, 0xD8, 1, 2, 3], to: "second.jpg")
    let catalog = StyleCatalog(folders: [folder.path])
    let pool = ComputePool(threads: 1)
    let turns = FairTurns()
    let style = try catalog.style("first")
    func makeStyle() -> StyleMixer {
      let member = turns.join()
      return StyleMixer(style, pool: pool) { try member.take($0) }
    }
    let painting = Stylization.Options(workSize: (16, 12), adaptsWorkSize: false)
    stream = PaintedStream(
      id: "1", title: "random", sourceName: "rtsp://someone:secret@host/", style: makeStyle(), fade: 0,
      options: painting, restsUnwatched: restsUnwatched, controls: controls,
      open: open ?? { _ in RandomSource(width: size.0, height: size.1, interval: interval) })
    let frames = PostedFrames()
    camera = PaintedStream(
      id: "camera", title: "camera", style: makeStyle(), fade: 0, options: painting, restsUnwatched: restsUnwatched,
      end: .waits
    ) {
      try frames.open(interrupt: $0)
    }
    let training = trainer.map { [folder] text in
      let path = folder.file("trainer.sh")
      _ = FileManager.default.createFile(
        atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o755])
      return TrainingQueue(
        TrainingQueue.Options(program: path, arguments: [], modelFolder: folder.path, obstacle: { obstacle }),
        catalog: catalog)
    }
    server = try LiveServer(
      options, streams: [stream, camera], camera: (camera, frames), catalog: catalog, training: training)
    port = try server.start()
  }

  deinit { server.stop() }

  func connect(_ path: String, headers: [String: String] = [:], receiveBuffer: Int32? = nil) throws -> Connection {
    let connection = try Connection(port: port, receiveBuffer: receiveBuffer)
    var all = ["Host": "127.0.0.1:\(port)"]
    all.merge(headers) { $1 }
    let lines = all.map { "\($0.key): \($0.value)\r\n" }.joined()
    try connection.send("GET \(path) HTTP/1.1\r\n\(lines)\r\n".utf8)
    return connection
  }

  /// Sends a request and reads the whole response. A header with an empty value is omitted.
  func ask(
    _ method: String = "GET", _ path: String, headers: [String: String] = [:], type: String? = nil,
    body: some Collection<UInt8> = [UInt8](), client: UInt8 = 1
  ) throws -> Response {
    let connection = try Connection(port: port, client: client)
    var all = ["Host": "127.0.0.1:\(port)", "Connection": "close"]
    if method != "GET" { all["Content-Length"] = "\(body.count)" }
    if let type { all["Content-Type"] = type }
    all.merge(headers) { $1 }
    let lines = all.filter { !$0.value.isEmpty }.map { "\($0.key): \($0.value)\r\n" }.joined()
    try connection.send("\(method) \(path) HTTP/1.1\r\n\(lines)\r\n".utf8)
    // The server may close the connection before it has read a rejected body.
    do { try connection.send(body) } catch is Connection.Ended {}
    let head = try connection.takeHead()
    let count = head.headers["content-length"].flatMap { Int($0) } ?? 0
    return Response(status: head.status, headers: head.headers, body: try connection.take(count))
  }

  func change(_ json: String, stream: String = "1") throws -> Response {
    try ask("POST", "/api/streams/\(stream)", type: "application/json", body: json.utf8)
  }

  /// The parts of a stream's state that the tests check.
  struct State: Decodable {
    struct Part: Decodable, Equatable {
      var name: String
      var share: Double
    }

    struct Numbers: Decodable {
      var framesIn: Int
      var framesOut: Int
      var framesUnwatched: Int
      var workWidth: Int
      var canvasWidth: Int?
      var canvasHeight: Int?
    }

    var condition: PaintedStream.Condition
    var failure: String?
    var styles: [Part]
    var strokeSize: Strokes?
    var strength: Double
    var preserveColors: Bool
    var viewers: Int
    var skipped: Int
    var hasAudio: Bool
    var isResting: Bool
    var reduction: String?
    var statistics: Numbers
  }

  func state(_ id: String = "1") throws -> State { try ask("GET", "/api/streams/\(id)").json(State.self) }

  /// Waits until the stream's state satisfies `condition`, up to some minutes for a very busy machine.
  @discardableResult
  func wait(_ id: String = "1", until condition: (State) throws -> Bool) throws -> State {
    for _ in 0..<2400 {
      let state = try state(id)
      if try condition(state) { return state }
      usleep(50_000)
    }
    throw TimeoutError()
  }

  struct TimeoutError: Error {}
}
