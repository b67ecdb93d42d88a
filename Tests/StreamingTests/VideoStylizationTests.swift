import FFmpeg
import Foundation
import Streaming
import Synchronization
import TestSupport
import Testing

@Suite struct VideoStylizationTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Creates a video of grey frames. Frame `n` has the brightness `60 + 10 n`.
  private func makeVideo(
    _ name: String, size: (Int, Int) = (64, 48), times: [Int64], pixelFormat: PixelFormat = .yuv420p
  ) throws -> String {
    let path = folder.file(name)
    let format = VideoFormat(width: size.0, height: size.1, pixelFormat: pixelFormat)
    let grey = try Frame(VideoFormat(width: size.0, height: size.1, pixelFormat: .rgb24))
    let options = ["crf": "10", "bf": "2"]
    try encodeFilm(path, format, timeBase: Rational(1, 1000), options: options, count: times.count) { index in
      let plane = try #require(grey.plane(0))
      plane.update(repeating: UInt8(60 + 10 * index), count: grey.stride(0) * size.1)
      let frame = try Frame(format)
      try Scaler(from: grey.format, to: format).scale(grey, into: frame)
      frame.pts = times[index]
      return frame
    }
    return path
  }

  /// Returns the time in milliseconds, the mean brightness and the size of each frame.
  private func frames(of path: String) throws -> [(time: Int64, brightness: Int, size: [Int])] {
    let demuxer = try Demuxer(path: path)
    let stream = try demuxer.bestVideoStream()
    let decoder = try Decoder(stream)
    let packet = try Packet()
    let frame = try Frame()
    var result: [(Int64, Int, [Int])] = []
    func receive() throws {
      while try decoder.receive(into: frame) == .output {
        let picture = try Frame(VideoFormat(width: 1, height: 1, pixelFormat: .rgb24))
        try Scaler(from: frame.format, to: picture.format, filter: .area).scale(frame, into: picture)
        let time = stream.timeBase.rescale(try #require(frame.pts), to: Rational(1, 1000))
        result.append((time, Int(try #require(picture.plane(0))[0]), [frame.width, frame.height]))
      }
    }
    while try demuxer.read(into: packet) {
      _ = try decoder.send(packet)
      try receive()
    }
    _ = try decoder.send(nil)
    try receive()
    return result
  }

  @Test(arguments: ["out.mp4", "out.mkv", "out.mov"], [(64, 48), (63, 47)])
  func framesTimesAndSizeArePreserved(name: String, size: (Int, Int)) throws {
    let times: [Int64] = [0, 40, 45, 160, 161, 500, 540, 1000]
    let isOdd = size.0 % 2 == 1
    let input = try makeVideo("in.mp4", size: size, times: times, pixelFormat: isOdd ? .yuv444p : .yuv420p)
    let output = folder.file(name)
    let job = try VideoStylization(input: input)
    #expect(job.description.displaySize == size && job.description.expectedFrameCount == times.count)
    let result = try job.run(output: MediaTarget(output), style: invertingStyle())
    #expect(result.statistics.framesWritten == times.count && result.warnings.isEmpty && result.failure == nil)
    let found = try frames(of: output)
    #expect(found.map(\.time) == times)
    for (index, frame) in found.enumerated() {
      #expect(frame.size == [size.0, size.1])
      // Two conversions and two encodings, at quality 10 and 20.
      #expect(abs(frame.brightness - (255 - 60 - 10 * index)) <= 4)
    }
    #expect(try folder.names == ["in.mp4", name].sorted())
  }

  @Test func theWorkSizeIsIndependentOfTheOutput() throws {
    let input = try makeVideo("in.mp4", times: [0, 40, 80])
    let output = folder.file("out.mp4")
    let style = testStyle { width, height, _ in
      #expect(width == 17 && height == 90)
      return InvertingStylizer(width: width, height: height)
    }
    let result = try VideoStylization(input: input).run(
      output: MediaTarget(output), style: style, options: .init(workSize: (17, 90)))
    #expect(result.width == 64 && result.height == 48)
    #expect(try frames(of: output).map(\.size) == Array(repeating: [64, 48], count: 3))
  }

  @Test func anErrorDoesNotChangeTheTarget() throws {
    let input = try makeVideo("in.mp4", times: Array(stride(from: 0, to: 600, by: 40)))
    let output = try folder.write([1, 2, 3], to: "out.mp4")
    let calls = Atomic<Int>(0)
    #expect(throws: TestError(place: "stylizer")) {
      try VideoStylization(input: input).run(
        output: MediaTarget(output),
        style: watchingStyle { _, _ in
          if calls.wrappingAdd(1, ordering: .relaxed).newValue == 3 { throw TestError(place: "stylizer") }
        })
    }
    #expect(try folder.bytes(of: "out.mp4") == [1, 2, 3])
    #expect(try folder.names == ["in.mp4", "out.mp4"])
  }

  @Test func aStopLeavesACompleteFile() throws {
    let count = 16
    let input = try makeVideo("in.mp4", times: (0..<count).map { Int64(40 * $0) })
    let output = folder.file("out.mp4")
    let done = Atomic<Int>(0)
    let calls = Atomic<Int>(0)
    let style = watchingStyle { _, _ in
      // Each frame waits for the previous ones, so that the stop falls in the middle.
      let number = calls.wrappingAdd(1, ordering: .relaxed).oldValue
      while done.load(ordering: .relaxed) < number { usleep(100) }
    }
    let numbers = try VideoStylization(input: input).run(
      output: MediaTarget(output), style: style, shouldStop: { done.load(ordering: .relaxed) >= 4 },
      progress: { done.store($0, ordering: .relaxed) }
    ).statistics
    #expect(numbers.wasStopped && numbers.framesWritten >= 4 && numbers.framesWritten < count)
    #expect(try frames(of: output).map(\.time) == (0..<numbers.framesWritten).map { Int64(40 * $0) })
  }

  @Test func aStopBeforeTheFirstFrameWritesNothing() throws {
    let input = try makeVideo("in.mp4", times: [0, 40])
    let output = folder.file("out.mp4")
    #expect(throws: StoppedError.self) {
      try VideoStylization(input: input).run(
        output: MediaTarget(output), style: watchingStyle(), shouldStop: { true })
    }
    #expect(try folder.names == ["in.mp4"])
  }

  @Test func codecsMustFitTheContainer() throws {
    let input = try makeVideo("in.mp4", times: [0, 40])
    func run(_ name: String, _ encoding: EncodingOptions) throws {
      _ = try VideoStylization(input: input).run(
        output: MediaTarget(folder.file(name)), style: watchingStyle(), encoding: encoding)
    }
    #expect(throws: EncodingError.self) { try run("out.webm", EncodingOptions(codec: "libx264")) }
    #expect(throws: EncodingError.self) { try run("out.mp3", EncodingOptions()) }
    #expect(throws: EncodingError.self) { try run("out.png", EncodingOptions()) }
    #expect(throws: EncodingError.self) { try run("out.mov", EncodingOptions(codec: "png", crf: 20)) }
    #expect(throws: MediaError.self) { try run("out.mp4", EncodingOptions(codec: "no-such-codec")) }
    #expect(throws: MediaError.self) { try run("out.unknown", EncodingOptions()) }
    #expect(throws: MediaError.self) { try EncodingOptions.codecName("no-such-codec") }
    #expect(try folder.names == ["in.mp4"])
    // The old codec counts time in 16 bits, so the encoder falls back to a coarser time base.
    try run("out.avi", EncodingOptions(codec: "mpeg4", crf: 4))
    #expect(try frames(of: folder.file("out.avi")).count == 2)
  }

  @Test func truncatedFilesAreReadToTheirEnd() throws {
    let input = try makeVideo("in.mkv", times: (0..<19).map { Int64(40 * $0) })
    let bytes = try folder.bytes(of: "in.mkv")
    // Cut at the end, where each frame takes a few dozen bytes because it follows a similar one.
    let cut = try folder.write(Array(bytes.dropLast(350)), to: "cut.mkv")
    #expect(bytes.count > 1000 && input.hasSuffix("in.mkv"))
    let result = try VideoStylization(input: cut).run(
      output: MediaTarget(folder.file("out.mp4")), style: watchingStyle())
    #expect((1..<19).contains(result.statistics.framesWritten))
    #expect(result.warnings.contains { $0.contains("cut.mkv") && $0.contains("truncated") })
  }
}
