import FFmpeg
import Foundation
import Streaming

/// Turns each value `v` into `255 - v`.
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
}

/// Leaves the picture as it is, and hands each to a function.
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
}

struct TestError: Error, Equatable {
  let place: String
}
