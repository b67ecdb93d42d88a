import FFmpeg
import Streaming
import Synchronization
import Testing

@Suite struct InterlacedTests {
  /// Frames of one grey each in the even rows and another in the odd rows.
  private final class FieldSource: FrameSource {
    let description: VideoDescription
    private let orders: [FieldOrder]
    private let position = Atomic<Int>(0)

    init(_ orders: [FieldOrder], pixelFormat: PixelFormat = .rgb24, from first: Int = 0) {
      self.orders = orders
      description = VideoDescription(
        format: VideoFormat(width: 32, height: 32, pixelFormat: pixelFormat), timeBase: Rational(1, 1000),
        fieldOrder: orders[0])
      position.store(first, ordering: .relaxed)
    }

    /// The rows of frame `n` are `20 n` and `20 n + 10` in 8 bits, and 77 more in 16 bits, which 8 bits cannot tell.
    /// Its time is `n² · 10`, and its duration is `n + 1`.
    func read(into frame: Frame) throws -> Bool {
      let number = position.wrappingAdd(1, ordering: .relaxed).oldValue
      guard number < orders.count else { return false }
      let made = try Frame(description.format)
      made.clearSamples()
      for row in 0..<32 {
        let grey = 20 * number + (row % 2) * 10
        let sample = UInt16(description.format.pixelFormat.isDeep ? 256 * grey + 77 : grey)
        for component in 0..<3 {
          made.writeSamples(
            component: component, row: row, count: 32, from: [UInt16](repeating: sample, count: 32))
        }
      }
      try frame.reference(made)
      (frame.pts, frame.duration) = (Int64(number * number * 10), Int64(number + 1))
      frame.fieldOrder = orders[number]
      return true
    }
  }

  /// Keeps what it receives.
  private final class KeepingSink: FrameSink {
    struct Received: Equatable {
      let pts: Int64?
      let duration: Int64
      let order: FieldOrder
      /// The first sample of the first two rows.
      let rows: [UInt16]
    }

    let orientation = Orientation.upright
    let keepsFields: Bool
    private let frames = Mutex<[Received]>([])
    var received: [Received] { frames.withLock { $0 } }

    init(keepsFields: Bool) { self.keepsFields = keepsFields }

    func format(for source: VideoDescription) -> VideoFormat { source.format }
    func start(on threads: ThreadGroup, delivered: @escaping @Sendable (ContinuousClock.Instant) -> Void) {}
    func finish() throws {}

    func write(_ frame: Frame, source: Frame, arrival: ContinuousClock.Instant) throws {
      var rows: [UInt16] = [0, 0]
      for row in 0..<2 {
        var sample: UInt16 = 0
        frame.readSamples(component: 0, row: row, count: 1, into: &sample)
        rows[row] = sample
      }
      let new = Received(pts: frame.pts, duration: frame.duration, order: frame.fieldOrder, rows: rows)
      frames.withLock { $0.append(new) }
    }
  }

  private static let mixed: [FieldOrder] = [
    .progressive, .progressive, .topFieldFirst, .bottomFieldFirst, .progressive, .topFieldFirst, .progressive,
  ]

  @Test(arguments: [mixed, Array(repeating: .topFieldFirst, count: 5), [.bottomFieldFirst], [.progressive]])
  func framesKeepTheirNumberAndTimes(orders: [FieldOrder]) throws {
    let sink = KeepingSink(keepsFields: false)
    try Stylization(source: FieldSource(orders), style: watchingStyle(), sink: sink).run()
    let found = sink.received
    #expect(found.map(\.pts) == orders.indices.map { Int64($0 * $0 * 10) })
    #expect(found.map(\.duration) == orders.indices.map { Int64($0 + 1) })
    #expect(found.allSatisfy { $0.order == .progressive })
    // The progressive frames pass unchanged; the filter works on planes of RGB, which are exact.
    for (index, frame) in found.enumerated() where orders[index] == .progressive {
      #expect(frame.rows == [UInt16(20 * index), UInt16(20 * index + 10)])
    }
  }

  /// A part of a film is read from any frame before its first.
  @Test(arguments: [mixed, Array(repeating: .topFieldFirst, count: 5)])
  func aFrameDependsOnItsNeighboursAlone(orders: [FieldOrder]) throws {
    func received(from first: Int) throws -> [KeepingSink.Received] {
      let sink = KeepingSink(keepsFields: false)
      try Stylization(source: FieldSource(orders, from: first), style: watchingStyle(), sink: sink).run()
      return sink.received
    }
    let whole = try received(from: 0)
    for first in 1..<orders.count - 1 { #expect(try received(from: first).dropFirst() == whole[(first + 1)...]) }
  }

  /// Each field is a picture of its own, of one grey, for the stylizer.
  @Test(arguments: [1, 2])
  func keptFieldsArePaintedOneByOne(parallel: Int) throws {
    let orders: [FieldOrder] = [.topFieldFirst, .topFieldFirst, .progressive, .bottomFieldFirst]
    let sink = KeepingSink(keepsFields: true)
    let isEven = Atomic<Bool>(true)
    let style = testStyle(parallel: parallel) { width, height, _ in
      WatchingStylizer(width: width, height: height) { pixels, stride in
        for row in 0..<32 where pixels[row * stride] != pixels[0] { isEven.store(false, ordering: .relaxed) }
      }
    }
    try Stylization(source: FieldSource(orders), style: style, sink: sink).run()
    let areWhole = isEven.load(ordering: .relaxed)
    #expect(areWhole)
    let found = sink.received
    #expect(found.map(\.order) == [.topFieldFirst, .topFieldFirst, .topFieldFirst, .bottomFieldFirst])
    #expect(found.map(\.pts) == [0, 10, 40, 90])
    #expect(found.map(\.rows) == [[0, 10], [20, 30], [40, 50], [60, 70]] as [[UInt16]])
  }

  @Test func keptFieldsAreBlendedWithTheirOwnSource() throws {
    let sink = KeepingSink(keepsFields: true)
    let style = invertingStyle(blend: FrameBlend(strength: 0))
    try Stylization(source: FieldSource([.topFieldFirst, .topFieldFirst]), style: style, sink: sink).run()
    #expect(sink.received.map(\.rows) == [[0, 10], [20, 30]])
  }

  /// Fields of more than 8 bits are painted as floats.
  @Test func keptFieldsKeepTheirDepth() throws {
    let sink = KeepingSink(keepsFields: true)
    let deep = try #require(PixelFormat(named: "rgb48le"))
    try Stylization(
      source: FieldSource([.topFieldFirst, .topFieldFirst], pixelFormat: deep), style: invertingStyle(), sink: sink
    ).run()
    // A float has 24 bits, so the inverse in 16 bits is exact.
    let expected: [[UInt16]] = [[0, 10], [20, 30]].map { $0.map { 65535 - (256 * $0 + 77) } }
    #expect(sink.received.map(\.rows) == expected)
  }
}
