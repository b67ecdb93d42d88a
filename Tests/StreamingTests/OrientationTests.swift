import FFmpeg
import Streaming
import Synchronization
import Testing

@Suite struct OrientationTests {
  static let all = (0..<4).flatMap { turns in
    [Orientation(quarterTurns: turns), Orientation(quarterTurns: turns, isMirrored: true)]
  }

  /// A stored frame of 3 × 2 numbered pixels in each orientation, with the rows as displayed.
  private static let shown: [(Orientation, [[UInt8]])] = [
    (Orientation(quarterTurns: 0), [[0, 1, 2], [3, 4, 5]]),
    (Orientation(quarterTurns: 1), [[3, 0], [4, 1], [5, 2]]),
    (Orientation(quarterTurns: 2), [[5, 4, 3], [2, 1, 0]]),
    (Orientation(quarterTurns: 3), [[2, 5], [1, 4], [0, 3]]),
    (Orientation(quarterTurns: 0, isMirrored: true), [[2, 1, 0], [5, 4, 3]]),
    (Orientation(quarterTurns: 1, isMirrored: true), [[5, 2], [4, 1], [3, 0]]),
    (Orientation(quarterTurns: 2, isMirrored: true), [[3, 4, 5], [0, 1, 2]]),
    (Orientation(quarterTurns: 3, isMirrored: true), [[0, 3], [1, 4], [2, 5]]),
  ]

  @Test func displayMatricesAreConverted() {
    // Degrees count anticlockwise.
    for (degrees, turns) in [(0, 0), (90, 3), (180, 2), (-180, 2), (-90, 1), (270, 1)] {
      let matrix = DisplayMatrix(rotation: Double(degrees))
      #expect(Orientation(matrix) == Orientation(quarterTurns: turns), "\(degrees) degrees")
      #expect(!matrix.isMirrored)
      #expect((matrix.rotation - Double(degrees)).truncatingRemainder(dividingBy: 360).magnitude < 1e-3)
    }
    let mirrored = DisplayMatrix(rotation: 0, isMirrored: true)
    #expect(mirrored.isMirrored && Orientation(mirrored) == Orientation(quarterTurns: 0, isMirrored: true))
    #expect(Orientation(DisplayMatrix(rotation: 30)) == .upright)
    #expect(Orientation(nil) == .upright)
  }

  @Test func theInverseUndoesAnOrientation() {
    for orientation in Self.all {
      #expect(orientation.inverse.inverse == orientation)
      #expect(orientation.inverse.swapsSides == orientation.swapsSides)
    }
    #expect(Orientation(quarterTurns: 1).inverse == Orientation(quarterTurns: -1))
  }

  /// The stylizer receives the frame as displayed. The sink receives it as stored or as displayed.
  @Test(arguments: shown.indices, [true, false])
  func stylizersGetUprightFrames(index: Int, isStoredLikeSource: Bool) throws {
    let (orientation, rows) = Self.shown[index]
    let stored = Self.shown[0].1
    let source = OnePicture(stored, orientation: orientation)
    let expected = isStoredLikeSource ? stored : rows
    let seen = Mutex<[[UInt8]]>([])
    let received = Mutex<[[UInt8]]>([])
    let style = watchingStyle { pixels, stride in
      let picture = rows.indices.map { y in rows[0].indices.map { pixels[y * stride + 3 * $0] } }
      seen.withLock { $0 = picture }
    }
    let format = VideoFormat(width: expected[0].count, height: expected.count, pixelFormat: .rgb24)
    let sink = FrameObserver(format: format, orientation: isStoredLikeSource ? orientation : .upright) { frame, _, _ in
      let plane = try #require(frame.plane(0))
      let picture = expected.indices.map { y in expected[0].indices.map { plane[y * frame.stride(0) + 3 * $0] } }
      received.withLock { $0 = picture }
    }
    try Stylization(source: source, style: style, sink: sink).run()
    #expect(seen.withLock { $0 } == rows)
    #expect(received.withLock { $0 } == expected)

    // At strength 0, the source frame takes the same path.
    let again = OnePicture(stored, orientation: orientation)
    try Stylization(source: again, style: invertingStyle(blend: FrameBlend(strength: 0)), sink: sink).run()
    #expect(received.withLock { $0 } == expected)
  }
}

/// A source of one grey frame.
private final class OnePicture: FrameSource {
  let description: VideoDescription
  private let rows: [[UInt8]]
  private let isRead = Atomic<Bool>(false)

  init(_ rows: [[UInt8]], orientation: Orientation) {
    self.rows = rows
    description = VideoDescription(
      format: VideoFormat(width: rows[0].count, height: rows.count, pixelFormat: .rgb24), timeBase: Rational(1, 25),
      orientation: orientation)
  }

  func read(into frame: Frame) throws -> Bool {
    guard !isRead.exchange(true, ordering: .relaxed) else { return false }
    let picture = try Frame(description.format)
    let plane = try #require(picture.plane(0))
    for (y, row) in rows.enumerated() {
      for (x, value) in row.enumerated() {
        for channel in 0..<3 { plane[y * picture.stride(0) + 3 * x + channel] = value }
      }
    }
    try frame.reference(picture)
    frame.pts = 0
    return true
  }
}
