import FFmpeg
import Foundation
import Networks
import Streaming
import Synchronization
import Testing
import Threading

/// Replaces each value `v` by `255 - v`.
final class InvertingStylizer: FrameStylizer {
  let width: Int
  let height: Int

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  func stylize(
    _ source: UnsafePointer<UInt8>, sourceStride: Int, into destination: UnsafeMutablePointer<UInt8>,
    destinationStride: Int
  ) throws {
    for y in 0..<height {
      for x in 0..<3 * width { destination[y * destinationStride + x] = 255 - source[y * sourceStride + x] }
    }
  }

  func stylize(_ source: UnsafePointer<Float>, into destination: UnsafeMutablePointer<Float>) throws {
    for index in 0..<3 * width * height { destination[index] = 255 - source[index] }
  }
}

/// Copies the frame and passes each source frame to a closure.
final class WatchingStylizer: FrameStylizer {
  let width: Int
  let height: Int
  private let watch: (UnsafePointer<UInt8>, Int) throws -> Void

  init(width: Int, height: Int, watch: @escaping (UnsafePointer<UInt8>, Int) throws -> Void = { _, _ in }) {
    self.width = width
    self.height = height
    self.watch = watch
  }

  func stylize(
    _ source: UnsafePointer<UInt8>, sourceStride: Int, into destination: UnsafeMutablePointer<UInt8>,
    destinationStride: Int
  ) throws {
    try watch(source, sourceStride)
    for y in 0..<height {
      memcpy(destination + y * destinationStride, source + y * sourceStride, 3 * width)
    }
  }

  /// Passes the frame to the closure in bytes.
  func stylize(_ source: UnsafePointer<Float>, into destination: UnsafeMutablePointer<Float>) throws {
    destination.update(from: source, count: 3 * width * height)
    let bytes = (0..<3 * width * height).map { UInt8(source[$0].rounded()) }
    try bytes.withUnsafeBufferPointer { try watch(try #require($0.baseAddress), 3 * width) }
  }
}

/// Creates stylizers with a closure.
final class TestFactory: StylizerFactory {
  typealias Make = @Sendable (_ width: Int, _ height: Int, _ number: Int) throws -> any FrameStylizer

  private let make: Make
  private let count = Atomic<Int>(0)

  init(_ make: @escaping Make) { self.make = make }

  func makeStylizer(
    width: Int, height: Int, canvasLines: Int?, pool: ComputePool, memoryLimit: Int?
  ) throws -> any FrameStylizer {
    try make(width, height, count.wrappingAdd(1, ordering: .relaxed).oldValue)
  }
}

/// Returns a mixer of one style that paints `parallel` frames at a time, each with a stylizer from `make`.
func testStyle(
  parallel: Int = 1, blend: FrameBlend = FrameBlend(), _ make: @escaping TestFactory.Make
) -> StyleMixer {
  StyleMixer(
    NamedStyle("test", model: TestFactory(make)), parallelism: .throughput(frames: parallel), threads: parallel,
    blend: blend)
}

/// Returns a mixer that inverts frames.
func invertingStyle(parallel: Int = 1, blend: FrameBlend = FrameBlend()) -> StyleMixer {
  testStyle(parallel: parallel, blend: blend) { width, height, _ in InvertingStylizer(width: width, height: height) }
}

/// Returns a mixer that copies frames and passes each source frame to a closure.
func watchingStyle(
  parallel: Int = 1, watch: @escaping @Sendable (UnsafePointer<UInt8>, Int) throws -> Void = { _, _ in }
) -> StyleMixer {
  testStyle(parallel: parallel) { width, height, _ in WatchingStylizer(width: width, height: height, watch: watch) }
}

struct TestError: Error, Equatable {
  let place: String
}
