import FFmpeg

/// Smooth RGB24 pictures, a function of position and time that lossy codecs reproduce well.
enum Pictures {
  static func frame(width: Int, height: Int, time: Int = 0) throws -> Frame {
    let frame = try Frame(VideoFormat(width: width, height: height, pixelFormat: .rgb24))
    fill(frame) { x, y in
      [
        UInt8(clamping: 40 + 160 * x / max(1, width)), UInt8(clamping: 60 + 120 * y / max(1, height)),
        UInt8(clamping: 90 + 10 * (time % 8)),
      ]
    }
    frame.pts = Int64(time)
    return frame
  }

  static func fill(_ frame: Frame, _ color: (Int, Int) -> [UInt8]) {
    guard let plane = frame.plane(0) else { return }
    for y in 0..<frame.height {
      for x in 0..<frame.width {
        for (index, value) in color(x, y).enumerated() {
          plane[y * frame.stride(0) + color(x, y).count * x + index] = value
        }
      }
    }
  }

  /// Returns the largest and the mean absolute difference of two RGB24 frames of the same size.
  static func difference(_ a: Frame, _ b: Frame) -> (largest: Int, mean: Double) {
    guard let first = a.plane(0), let second = b.plane(0) else { return (255, 255) }
    var largest = 0
    var sum = 0
    for y in 0..<a.height {
      for x in 0..<3 * a.width {
        let distance = abs(Int(first[y * a.stride(0) + x]) - Int(second[y * b.stride(0) + x]))
        largest = max(largest, distance)
        sum += distance
      }
    }
    return (largest, Double(sum) / Double(3 * a.width * a.height))
  }
}
