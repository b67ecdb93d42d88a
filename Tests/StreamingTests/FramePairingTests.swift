import FFmpeg
import Streaming
import Testing

@Suite struct FramePairingTests {
  /// Creates a frame whose left half is dark and whose right half is light.
  private func frame(_ format: VideoFormat, _ dark: UInt8, _ light: UInt8) throws -> Frame {
    let frame = try Frame(format)
    let plane = try #require(frame.plane(0))
    for y in 0..<format.height {
      for x in 0..<format.width {
        for channel in 0..<(format.pixelFormat == .rgb24 ? 3 : 1) {
          let index = format.pixelFormat == .rgb24 ? 3 * x + channel : x
          plane[y * frame.stride(0) + index] = x < format.width / 2 ? dark : light
        }
      }
    }
    if format.pixelFormat == .yuv420p {
      for index in 1...2 {
        frame.plane(index)?.update(repeating: 128, count: frame.stride(index) * (format.height / 2))
      }
    }
    return frame
  }

  private func luma(_ frame: Frame, _ x: Int, _ y: Int) throws -> Int {
    Int(try #require(frame.plane(0))[y * frame.stride(0) + x])
  }

  /// Limited range: 0 becomes 16, 255 becomes 235; swscale rounds to within two.
  @Test func theSourceIsAboveThePaintedFrame() throws {
    let source = try frame(VideoFormat(width: 40, height: 24, pixelFormat: .rgb24), 0, 255)
    let painted = try frame(VideoFormat(width: 40, height: 24, pixelFormat: .yuv420p), 100, 200)
    let pair = try FramePairing().pair(painted: painted, source: source)
    #expect(pair.width == 40 && pair.height == 48 && pair.pixelFormat == .yuv420p)
    #expect(try abs(luma(pair, 5, 5) - 16) <= 2 && abs(luma(pair, 35, 5) - 235) <= 2)
    #expect(try luma(pair, 5, 23) < 20 && luma(pair, 5, 24) == 100 && luma(pair, 35, 47) == 200)
  }

  @Test func aRotatedSourceIsShownUpright() throws {
    // Stored as 24 × 40. A clockwise quarter turn moves the left half to the top.
    let source = try frame(VideoFormat(width: 24, height: 40, pixelFormat: .rgb24), 0, 255)
    let painted = try frame(VideoFormat(width: 40, height: 24, pixelFormat: .yuv420p), 100, 100)
    let pair = try FramePairing(orientation: Orientation(quarterTurns: 1)).pair(painted: painted, source: source)
    #expect(try abs(luma(pair, 20, 3) - 16) <= 2 && abs(luma(pair, 20, 20) - 235) <= 2)
    #expect(try luma(pair, 20, 30) == 100)
  }
}
