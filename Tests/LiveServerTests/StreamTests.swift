import FFmpeg
import Foundation
import LiveServer
import Networks
import Streaming
import Synchronization
import TestSupport
import Testing

@Suite struct StreamTests {
  @Test func stylesChangeDuringTheRun() throws {
    let server = try RunningServer()
    try server.wait { $0.statistics.framesOut > 3 }
    #expect(try server.state().styles == [.init(name: "first", share: 1)])
    let mixed = try server.change(
      #"{"styles":[{"name":"first","share":1},{"name":"second","share":3}],"strength":0.5,"preserveColors":true}"#)
    #expect(mixed.status == 200)
    let state = try mixed.json(RunningServer.State.self)
    #expect(state.styles == [.init(name: "first", share: 0.25), .init(name: "second", share: 0.75)])
    #expect(state.strength == 0.5 && state.preserveColors)
    // Omitted properties stay unchanged.
    let selected = try server.change(#"{"styles":[{"name":"second","share":1}]}"#).json(RunningServer.State.self)
    #expect(selected.styles == [.init(name: "second", share: 1)] && selected.strength == 0.5)
    let count = try server.state().statistics.framesOut
    try server.wait { $0.statistics.framesOut > count + 3 }
  }

  @Test(arguments: [
    (#"{"strength":2}"#, 400), (#"{"strength":-0.1}"#, 400), (#"{"strength":"much"}"#, 400), (#"{"fade":61}"#, 400),
    (#"{"styles":[]}"#, 400), (#"{"styles":[{"name":"first","share":-1}]}"#, 400), ("{", 400), ("", 400), ("[]", 400),
    (#"{"styles":[{"name":"first","share":0}]}"#, 422), (#"{"styles":[{"name":"none","share":1}]}"#, 404),
    (#"{"styles":[{"name":"../first","share":1}]}"#, 404), (#"{"styles":[{"name":"/etc/passwd","share":1}]}"#, 404),
  ])
  func invalidChangesAreRejected(body: String, status: Int) throws {
    let server = try RunningServer()
    let answer = try server.change(body)
    #expect(answer.status == status, "\(answer.text)")
    #expect(try server.state().styles == [.init(name: "first", share: 1)])
  }

  /// The work size is 16×12, so no canvas is larger.
  @Test func strokesChangeDuringTheRun() throws {
    let server = try RunningServer(hasCanvas: true)
    try server.wait { $0.statistics.framesOut > 3 }
    #expect(try server.state().strokeSize == nil && server.state().statistics.canvasWidth == nil)
    // Styles and strokes change together: if the strokes are rejected, the style does not change.
    let refused = try server.change(#"{"styles":[{"name":"second","share":1}],"strokeSize":"large"}"#)
    #expect(refused.status == 422 && refused.text.contains("'second' has no canvas"), "\(refused.text)")
    #expect(try server.state().styles == [.init(name: "first", share: 1)])
    #expect(try server.change(#"{"strokeSize":"medium"}"#).status == 422)

    let both = #"{"styles":[{"name":"canvas","share":1},{"name":"first","share":1}],"strokeSize":"large"}"#
    let mixed = try server.change(both).json(RunningServer.State.self)
    #expect(mixed.strokeSize == .size(.large) && mixed.styles.map(\.name) == ["canvas", "first"])
    #expect(mixed.statistics.canvasWidth == 16 && mixed.statistics.canvasHeight == 12)
    #expect(try server.change(#"{"strokeSize":200}"#).json(RunningServer.State.self).strokeSize == .lines(200))
    for wrong in [#""huge""#, "63", "1025", "-1", "200.5", "1e300", "true", "[]", #""""#] {
      let answer = try server.change(#"{"strokeSize":\#(wrong)}"#)
      #expect(answer.status == 400, "\(wrong): \(answer.text)")
    }
    let named = try server.change(#"{"strokeSize":"huge"}"#)
    #expect(named.text.contains("'huge'") && named.text.contains("64 to 1024"), "\(named.text)")
    let count = try server.state().statistics.framesOut
    try server.wait { $0.strokeSize == .lines(200) && $0.statistics.framesOut > count + 3 }
  }

  @Test func bodiesAreLimited() throws {
    let server = try RunningServer()
    let long = #"{"styles":[{"name":""# + String(repeating: "a", count: 100_000) + #"","share":1}]}"#
    #expect(try server.change(long).status == 413)
    let frame = [UInt8](repeating: 0, count: 3 << 20)
    #expect(try server.ask("POST", "/api/streams/camera/frames?page=a", type: "image/jpeg", body: frame).status == 413)
    #expect(try server.ask("GET", "/healthz").status == 200)
  }

  @Test func theVideoIsPlayableFromTheFirstByte() throws {
    let server = try RunningServer(size: (65, 49))
    let connection = try server.connect("/api/streams/1/video.mp4")
    let head = try connection.takeHead()
    #expect(head.status == 200)
    #expect(head.headers["content-type"]?.hasPrefix("video/mp4; codecs=\"avc1.64") == true)
    #expect(try connection.takeBox().type == "ftyp")
    let movie = try connection.takeBox()
    #expect(movie.type == "moov" && movie.inside("mvex", "trex") != nil)
    var end: UInt64?
    for number in 0..<60 {
      let fragment = try connection.takeFragment()
      let time = try #require(fragment.time)
      #expect(fragment.inside("traf", "trun") != nil)
      // Browsers would treat a gap as the end of the stream.
      if let end { #expect(time == end, "fragment \(number)") }
      end = time + (try #require(fragment.duration))
    }
    #expect(try server.state().viewers == 1)
  }

  /// When the source's size changes, another header follows, and the times go on.
  @Test func theVideoGoesOnAtAnotherSize() throws {
    let tries = Atomic<Int64>(0)
    let server = try RunningServer(open: { _ in
      let number = tries.wrappingAdd(1, ordering: .relaxed).oldValue
      return RandomSource(
        width: number % 2 == 0 ? 64 : 96, height: 48, interval: 20_000, count: number == 0 ? 100 : .max)
    })
    let connection = try server.connect("/api/streams/1/video.mp4")
    #expect(try connection.takeHead().status == 200)
    var headers = 0
    var end: UInt64?
    while headers < 2 || end == nil {
      let box = try connection.takeBox()
      if box.type == "moov" { headers += 1 }
      guard let time = box.time else { continue }
      if let end { #expect(time == end) }
      // The time of the second header's first fragment has been compared.
      if headers == 2 { break }
      end = time + (try #require(box.duration))
    }
    #expect(headers == 2)
  }

  @Test(arguments: ["painted", "pair"])
  func theVideoShowsTheRequestedView(view: String) throws {
    let server = try RunningServer(size: (64, 48))
    _ = try server.change(#"{"strength":0}"#)
    let connection = try server.connect("/api/streams/1/video.mp4?view=\(view)")
    _ = try connection.takeHead()
    var video: [UInt8] = []
    for _ in 0..<22 {
      let box = try connection.takeBox()
      let size = UInt32(box.content.count + 8).bigEndian
      video += withUnsafeBytes(of: size) { Array($0) } + Array(box.type.utf8) + box.content
    }
    let path = try server.folder.write(video, to: "video.mp4")
    let frame = try Demuxer(path: path).firstFrame()
    #expect(frame.width == 64 && frame.height == (view == "pair" ? 96 : 48))
    guard view == "pair", let plane = frame.plane(0) else { return }
    // At strength 0, both halves show the same random noise, except for coding loss.
    var difference = 0
    for y in 0..<48 {
      for x in 0..<64 {
        difference += abs(Int(plane[y * frame.stride(0) + x]) - Int(plane[(y + 48) * frame.stride(0) + x]))
      }
    }
    #expect(difference < 48 * 64 * 24, "mean \(Double(difference) / (48 * 64))")
  }

  @Test func theFallbackIsASequenceOfImages() throws {
    let server = try RunningServer()
    let connection = try server.connect("/api/streams/1/video.mjpeg")
    let head = try connection.takeHead()
    #expect(head.status == 200 && head.headers["content-type"]?.hasPrefix("multipart/x-mixed-replace") == true)
    for _ in 0..<5 {
      let picture = try connection.takePicture()
      #expect(picture.starts(with: [0xFF, 0xD8]) && picture.suffix(2) == [0xFF, 0xD9])
    }
    #expect(try server.ask("GET", "/api/streams/1/video.mp4?view=nothing").status == 400)
    #expect(try server.ask("GET", "/api/streams/none/video.mp4").status == 404)
  }

  @Test func aRemovedModelStaysInUse() throws {
    let server = try RunningServer()
    try server.wait { $0.statistics.framesOut > 3 }
    try FileManager.default.removeItem(atPath: server.folder.file("first.safetensors"))
    let count = try server.state().statistics.framesOut
    try server.wait { $0.statistics.framesOut > count + 5 }
    struct Styles: Decodable {
      struct Item: Decodable { var name: String }
      var styles: [Item]
    }
    for _ in 0..<100 where try server.ask("GET", "/api/styles").json(Styles.self).styles.count > 1 { usleep(50_000) }
    #expect(try server.ask("GET", "/api/styles").json(Styles.self).styles.map(\.name) == ["second"])
    // It can be mixed while it is in use, and is gone afterwards.
    #expect(try server.change(#"{"styles":[{"name":"first","share":1},{"name":"second","share":1}]}"#).status == 200)
    #expect(try server.change(#"{"styles":[{"name":"second","share":1}]}"#).status == 200)
    let shown = try server.state().statistics.framesOut
    try server.wait { $0.statistics.framesOut > shown + 3 }
    #expect(try server.change(#"{"styles":[{"name":"first","share":1}]}"#).status == 404)
  }

  @Test func aFailedSourceIsReopened() throws {
    let tries = Atomic<Int>(0)
    let server = try RunningServer(open: { _ in
      if tries.wrappingAdd(1, ordering: .relaxed).oldValue == 0 {
        throw MediaError(operation: "open", file: "rtsp://someone:secret@host/", message: "it is not there")
      }
      return RandomSource(width: 64, height: 48, interval: 20_000)
    })
    let failing = try server.wait { $0.condition != .waiting }
    if let failure = failing.failure { #expect(failure == "cannot open random: it is not there") }
    try server.wait { $0.condition == .running && $0.failure == nil && $0.statistics.framesOut > 3 }
  }

  @Test func metricsAreInPrometheusFormat() throws {
    let server = try RunningServer()
    try server.wait { $0.statistics.framesOut > 3 }
    let answer = try server.ask("GET", "/metrics")
    #expect(answer.headers["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
    let lines = answer.text.split(separator: "\n").filter { !$0.hasPrefix("#") }
    for line in lines {
      #expect(line.wholeMatch(of: #/impasto_[a-z_]+(\{([a-z]+="[^"]*",?)+\})? -?[0-9.e+-]+/#) != nil, "\(line)")
    }
    func value(_ name: String) -> Double? {
      lines.first { $0.hasPrefix(name + " ") }.flatMap { Double($0.dropFirst(name.count + 1)) }
    }
    #expect(try #require(value(#"impasto_frames_out_total{stream="1"}"#)) > 3)
    #expect(value(#"impasto_up{stream="1"}"#) == 1)
    #expect(try #require(value("impasto_resident_bytes")) > 1e6)
  }

  @Test func stoppingEndsAllStreams() throws {
    let server = try RunningServer()
    let connection = try server.connect("/api/streams/1/video.mp4")
    #expect(try connection.takeHead().status == 200)
    server.server.stop()
    #expect(throws: Connection.Ended.self) { while true { _ = try connection.takeBox() } }
    #expect(server.stream.condition.condition == .stopped)
  }
}
