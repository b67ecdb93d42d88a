import FFmpeg
import LiveServer
import Streaming
import Synchronization
import Testing

/// Tests what happens while nobody watches.
@Suite struct RestTests {
  @Test func nothingIsPaintedWhileNobodyWatches() throws {
    let server = try RunningServer(restsUnwatched: true)
    let resting = try server.wait { $0.statistics.framesUnwatched > 10 }
    #expect(resting.condition == .running && resting.isResting)
    #expect(resting.statistics.framesOut == 0 && resting.statistics.workWidth > 0)
    // A viewer gets frames at once, without opening the source again.
    let connection = try server.connect("/api/streams/1/video.mp4")
    #expect(try connection.takeHead().status == 200)
    #expect(try connection.takeBox().type == "ftyp")
    _ = try connection.takeBox()
    let first = try connection.takeFragment()
    // The time in which nobody watched is not in the video: 2 s are less than any pause of this source.
    #expect(try #require(first.duration) < 2 * 90_000)
    let watched = try server.wait { $0.statistics.framesOut > 3 }
    #expect(!watched.isResting && watched.viewers == 1)
    withExtendedLifetime(connection) {}
  }

  @Test func theSourceRestsAgainAfterTheLastViewer() throws {
    let server = try RunningServer(restsUnwatched: true)
    do {
      let connection = try server.connect("/api/streams/1/video.mjpeg")
      #expect(try connection.takeHead().status == 200)
      for _ in 0..<3 { _ = try connection.takePicture() }
    }
    let resting = try server.wait { $0.viewers == 0 && $0.isResting }
    let later = try server.wait { $0.statistics.framesUnwatched > resting.statistics.framesUnwatched + 10 }
    // A frame may have been in the pipeline.
    #expect(later.statistics.framesOut <= resting.statistics.framesOut + 10)
  }
}
