import FFmpeg
import Foundation
import LiveServer
import TestSupport
import Testing

@Suite struct UploadTests {
  /// Returns the contents of an image file of one colour.
  private func picture(_ codec: String, width: Int, height: Int) throws -> [UInt8] {
    let format = VideoFormat(width: width, height: height, pixelFormat: codec == "png" ? .rgb24 : .yuvj420p)
    let frame = try Frame(format)
    for index in 0..<3 {
      let rows = index > 0 ? height / 2 : height
      frame.plane(index)?.update(repeating: 90, count: frame.stride(index) * rows)
    }
    return try Encoder(EncoderSettings(codec: codec, format: format, quantizer: codec == "png" ? nil : 4)).encodeStill(
      frame)
  }

  // MARK: Camera

  private func post(_ server: RunningServer, _ jpeg: [UInt8], page: String = "a", type: String = "image/jpeg") throws
    -> Int
  {
    try server.ask("POST", "/api/streams/camera/frames?page=\(page)", type: type, body: jpeg).status
  }

  @Test func aBrowserCanBeTheCamera() throws {
    let server = try RunningServer()
    let frame = try picture("mjpeg", width: 64, height: 48)
    #expect(try server.state("camera").condition == .waiting)
    try server.wait("camera") { state in
      let status = try post(server, frame)
      #expect([204, 429].contains(status))
      return state.condition == .running && state.statistics.framesOut > 3
    }
    // Another page must wait. The size may change.
    #expect(try post(server, frame, page: "b") == 409)
    let count = try server.state("camera").statistics.framesOut
    let larger = try picture("mjpeg", width: 96, height: 80)
    try server.wait("camera") { state in
      let status = try post(server, larger)
      #expect([204, 429].contains(status))
      return state.statistics.framesOut > count + 3
    }
  }

  /// A stream whose camera is off waits for the next frame instead of showing the last one, and then starts at once.
  @Test func aCameraThatIsOffSaysSo() throws {
    let server = try RunningServer()
    let frame = try picture("mjpeg", width: 64, height: 48)
    func post() throws { #expect([204, 429].contains(try self.post(server, frame))) }
    for _ in 0..<2 {
      try server.wait("camera") { state in
        try post()
        return state.condition == .running
      }
      let off = try server.wait("camera") { $0.condition != .running }
      #expect(off.condition == .waiting && off.failure == nil)
    }
  }

  /// Only valid frames give the camera to a visitor.
  @Test func invalidFramesDoNotTakeTheCamera() throws {
    let server = try RunningServer()
    let frame = try picture("mjpeg", width: 64, height: 48)
    #expect(try post(server, Array("no picture at all".utf8), page: "b") == 422)
    #expect(try post(server, try picture("mjpeg", width: 2048, height: 16), page: "b") == 422)
    #expect(try post(server, frame) == 204)
    #expect(try post(server, frame, page: "b") == 409)
    // The visitor keeps the camera when the page is loaded again.
    #expect(try post(server, frame) == 204)
  }

  @Test func invalidFramesAreRejected() throws {
    let server = try RunningServer()
    let frame = try picture("mjpeg", width: 64, height: 48)
    #expect(try post(server, frame, type: "image/png") == 415)
    #expect(try post(server, frame, page: "") == 400)
    #expect(try server.ask("POST", "/api/streams/1/frames?page=a", type: "image/jpeg", body: frame).status == 409)
    #expect(try server.ask("POST", "/api/streams/none/frames?page=a", type: "image/jpeg", body: frame).status == 404)
    #expect(try post(server, []) == 422)
    #expect(try post(server, Array("no picture at all".utf8)) == 422)
    #expect(try post(server, try picture("png", width: 64, height: 48)) == 422)
    #expect(try post(server, Array(frame.prefix(40))) == 422)
    #expect(try post(server, try picture("mjpeg", width: 2048, height: 16)) == 422)
    for count in [frame.count / 2, frame.count - 1] { #expect(try post(server, Array(frame.prefix(count))) == 422) }
    #expect(try post(server, frame) == 204)
  }

  @Test func framesAreRateLimited() throws {
    let server = try RunningServer()
    let frame = try picture("mjpeg", width: 64, height: 48)
    // One connection that does not wait for responses, which is faster than any camera.
    let connection = try Connection(port: server.port)
    let head = "POST /api/streams/camera/frames?page=a HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
    // A frame that is refused before all of it has arrived ends the connection.
    var statuses: [Int] = []
    do {
      for _ in 0..<150 { try connection.send("\(head)Content-Length: \(frame.count)\r\n\r\n".utf8 + frame) }
    } catch is Connection.Ended {}
    do {
      for _ in 0..<150 {
        let answer = try connection.takeHead()
        _ = try connection.take(answer.headers["content-length"].flatMap { Int($0) } ?? 0)
        statuses.append(answer.status)
      }
    } catch is Connection.Ended {}
    #expect(statuses.first == 204 && statuses.contains(429), "\(Set(statuses))")
  }

  // MARK: Training

  /// A stand-in for `train-style`: accepts its arguments, reports progress, and writes a model when a file named `go`
  /// appears.
  static let trainer = """
    #!/bin/sh
    painting=$1; output=$3
    folder=${output%.safetensors}.training
    mkdir -p "$folder"
    case "$*" in *" --progress json") ;; *) echo "train-style: JSON progress was not requested" >&2; exit 2;; esac
    echo '{"eta":81,"iteration":1,"iterations":10,"losses":{"total":9},"rate":0.11,"task":"Training","unit":"iterations"}' >&2
    echo "train-style: warning: few photos" >&2
    cp "$painting" "$folder/preview-000001.png"
    here=$(dirname "$0")
    trap 'echo stopped >"$here/stopped"; exit 130' INT
    while [ ! -f "$here/go" ]; do sleep 0.05; done
    grep -q fail "$here/go" && { echo "train-style: out of paint" >&2; exit 1; }
    echo '{"eta":0,"iteration":10,"iterations":10,"losses":{"total":8},"rate":0.11,"task":"Training","unit":"iterations"}' >&2
    cp "$here/second.safetensors" "$output"
    echo '{"credits":{"painting":{"painter":"P","title":"T","year":"1","licence":"L"}}}' >"${output%.safetensors}.json"
    echo card >"${output%.safetensors}.md"
    """

  private struct Styles: Decodable {
    struct Style: Decodable {
      struct Painting: Decodable { var title: String }
      var name: String
      var hasPicture: Bool
      var painting: Painting?
    }

    var styles: [Style]
  }

  private struct Jobs: Decodable {
    struct Job: Decodable {
      var id: String
      var name: String
      var state: TrainingQueue.Job.State
      var iteration: Int
      var iterations: Int
      var message: String
      var preview: Int?
      var remaining: Double?
    }

    var usualSeconds: Double?
    var isPossible: Bool
    var jobs: [Job]
  }

  private func wait(_ server: RunningServer, until condition: (Jobs) -> Bool) throws -> Jobs {
    for _ in 0..<2400 {
      let jobs = try server.ask("GET", "/api/training").json(Jobs.self)
      if condition(jobs) { return jobs }
      usleep(50_000)
    }
    throw RunningServer.TimeoutError()
  }

  private func submit(_ server: RunningServer, _ name: String, _ picture: [UInt8]) throws -> Response {
    try server.ask("POST", "/api/training?name=\(name)", type: "image/png", body: picture)
  }

  @Test func aPaintingBecomesAStyle() throws {
    let server = try RunningServer(trainer: Self.trainer)
    let painting = try picture("png", width: 80, height: 64)
    // The name contains letters of the request, but not its slashes and dots.
    #expect(try submit(server, "..%2F..%2Fetc%2FThe%20Wave.png", painting).status == 202)
    let running = try wait(server) { $0.jobs.first?.preview != nil && $0.jobs.first?.iterations == 10 }
    let job = try #require(running.jobs.first)
    #expect(job.name == "etc-the-wave-png" && job.state == .running && job.iteration == 1)
    #expect(job.message == "1/10 iterations, 1:21 left" && job.remaining == 81 && running.usualSeconds == nil)
    let sent = try server.ask("GET", "/api/training/\(job.id)/painting")
    #expect(sent.body == painting && sent.headers["content-type"] == "image/png")
    let preview = try server.ask("GET", "/api/training/\(job.id)/preview")
    #expect(preview.status == 200 && preview.body == painting)

    // At most one can wait.
    #expect(try submit(server, "second", painting).status == 202)
    #expect(try submit(server, "third", painting).status == 409)
    let waiting = try #require(try wait(server) { $0.jobs.count == 2 }.jobs.last)
    #expect(waiting.state == .waiting && waiting.name == "second-2", "the name is taken")
    #expect(try server.ask("DELETE", "/api/training/\(waiting.id)").status == 204)
    #expect(try server.ask("DELETE", "/api/training/\(waiting.id)").status == 404)

    try server.folder.write([], to: "go")
    let finished = try wait(server) { $0.jobs.first?.state == .finished }
    #expect(finished.jobs.map(\.state) == [.finished, .cancelled] && finished.jobs.first?.iteration == 10)
    #expect(finished.jobs.first?.remaining == nil && (finished.usualSeconds ?? -1) >= 0)
    #expect(try server.ask("GET", "/api/styles").text.contains("\"isOwn\":true"))
    #expect(try server.change(#"{"styles":[{"name":"etc-the-wave-png","share":1}]}"#).status == 200)
    #expect(FileManager.default.fileExists(atPath: server.folder.file("etc-the-wave-png.md")))
    let styles = try server.ask("GET", "/api/styles").json(Styles.self).styles
    #expect(styles.first { $0.name == "etc-the-wave-png" }?.painting?.title == "T")
    #expect(styles.first { $0.name == "second" }.map { $0.painting == nil && $0.hasPicture } == true)
  }

  @Test func aTrainingCanBeCancelled() throws {
    let server = try RunningServer(trainer: Self.trainer)
    let painting = try picture("png", width: 80, height: 64)
    #expect(try submit(server, "wave", painting).status == 202)
    let job = try #require(try wait(server) { $0.jobs.first?.preview != nil }.jobs.first)
    #expect(try server.ask("DELETE", "/api/training/\(job.id)").status == 204)
    _ = try wait(server) { $0.jobs.first?.state == .cancelled }
    #expect(FileManager.default.fileExists(atPath: server.folder.file("stopped")), "it was interrupted, not killed")
    #expect(try server.folder.names.allSatisfy { !$0.hasPrefix(".training") && !$0.hasPrefix("wave") })
  }

  @Test func theReasonOfAFailedTrainingIsReported() throws {
    let server = try RunningServer(trainer: Self.trainer)
    try server.folder.write(Array("fail".utf8), to: "go")
    #expect(try submit(server, "wave", try picture("png", width: 80, height: 64)).status == 202)
    let jobs = try wait(server) { $0.jobs.first?.state == .failed }
    #expect(jobs.jobs.first?.message == "train-style: out of paint")
  }

  @Test func invalidPaintingsAreRejected() throws {
    let server = try RunningServer(trainer: Self.trainer)
    #expect(try submit(server, "a", Array("no picture".utf8)).status == 422)
    #expect(try submit(server, "a", try picture("png", width: 16, height: 16)).status == 422)
    // A few bytes that claim to be a gigantic image.
    var bomb = try picture("png", width: 80, height: 64)
    bomb.replaceSubrange(16..<24, with: [0, 1, 0, 0, 0, 1, 0, 0])
    #expect(try submit(server, "a", bomb).status == 422)
    #expect(try submit(server, "a", bomb).status == 429, "only three in a row are allowed")
    #expect(try server.ask("POST", "/api/training?name=a", type: "text/plain", body: bomb).status == 415)
    // More pixels than fit into memory comfortably, although each side is short enough.
    bomb.replaceSubrange(16..<24, with: [0, 0, 0x20, 0, 0, 0, 0x20, 0])
    let another = try RunningServer(trainer: Self.trainer)
    let large = try submit(another, "a", bomb)
    #expect(large.status == 422 && large.text.contains("25 million"))
    let without = try RunningServer()
    #expect(try submit(without, "a", bomb).status == 404)
    #expect(try wait(without) { _ in true }.isPossible == false)
  }

  @Test(arguments: ["png", "mjpeg", "webp"]) func truncatedPaintingsAreRejected(codec: String) throws {
    let server = try RunningServer(trainer: Self.trainer)
    // The header of a WebP image of 80 by 64 pixels, and an empty chunk.
    let header: [UInt8] = [10, 0, 0, 0, 0, 0, 0, 0, 79, 0, 0, 63, 0, 0]
    let webp =
      Array("RIFF".utf8) + [30, 0, 0, 0] + Array("WEBPVP8X".utf8) + header + Array("EXIF".utf8) + [0, 0, 0, 0]
    let painting = try codec == "webp" ? webp : picture(codec, width: 80, height: 64)
    for count in [painting.count - 1, painting.count - 2] {
      let answer = try submit(server, "a", Array(painting.prefix(count)))
      #expect(answer.status == 422 && answer.text.contains("truncated"), "\(count) of \(painting.count)")
    }
    #expect(try submit(server, "a", painting).status == 202)
  }

  /// The end of a thumbnail is not that of the image.
  @Test func aThumbnailDoesNotHideATruncation() throws {
    let server = try RunningServer(trainer: Self.trainer)
    let painting = try picture("mjpeg", width: 80, height: 64)
    let thumbnail = try picture("mjpeg", width: 16, height: 16)
    let segment: [UInt8] =
      [0xFF, 0xE1, UInt8((thumbnail.count + 2) >> 8), UInt8((thumbnail.count + 2) & 0xFF)] + thumbnail
    let whole = Array(painting.prefix(2)) + segment + Array(painting.dropFirst(2))
    #expect(try submit(server, "a", Array(whole.dropLast(2))).status == 422)
    #expect(try submit(server, "a", whole).status == 202)
  }

  @Test func aTrainingHasAMemoryLimit() throws {
    let server = try RunningServer(trainer: "#!/bin/sh\necho \"limit $(ulimit -d)\" >&2\nexit 1\n")
    #expect(try submit(server, "a", try picture("png", width: 80, height: 64)).status == 202)
    let jobs = try wait(server) { $0.jobs.first?.state == .failed }
    // In KiB.
    #expect(jobs.jobs.first?.message == "limit \(8 << 20)")
  }

  @Test func aTrainingThatIsKilledSaysSo() throws {
    let server = try RunningServer(trainer: "#!/bin/sh\nkill -SEGV $$\n")
    #expect(try submit(server, "a", try picture("png", width: 80, height: 64)).status == 202)
    let jobs = try wait(server) { $0.jobs.first?.state == .failed }
    #expect(jobs.jobs.first?.message.contains("8192 MiB of memory") == true, "\(jobs)")
  }

  @Test func messagesOfTrainingsHaveNoFolders() throws {
    let server = try RunningServer(
      trainer: "#!/bin/sh\necho \"train-style: cannot read $1: no such file\" >&2\nexit 1\n")
    #expect(try submit(server, "a", try picture("png", width: 80, height: 64)).status == 202)
    let jobs = try wait(server) { $0.jobs.first?.state == .failed }
    #expect(jobs.jobs.first?.message == "train-style: cannot read painting.png: no such file")
  }

  @Test func trainingIsNotPossibleWithoutWhatItNeeds() throws {
    let server = try RunningServer(trainer: Self.trainer, obstacle: "the server has no training photos")
    #expect(try wait(server) { _ in true }.isPossible == false)
    let answer = try submit(server, "a", try picture("png", width: 80, height: 64))
    #expect(answer.status == 503 && answer.text.contains("no training photos"))
  }
}
