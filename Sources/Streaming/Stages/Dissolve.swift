import FFmpeg

/// Leads over from one way of painting to another, so that no picture jumps: the last picture of the old way fades out
/// over the first pictures of the new one.
///
/// It works on the samples as they are stored, 8 bits each; pictures of other depths change at once.
struct Dissolve {
  private static let length = Duration.milliseconds(400)

  private var last: Frame?
  private var old: Frame?
  private var start = ContinuousClock.now

  /// Begins to lead over, from the picture that was last remembered.
  mutating func begin() throws {
    guard let last else { return }
    let frame = try Frame()
    try frame.reference(last)
    old = frame
    start = .now
  }

  /// Mixes what is left of the old picture into `frame`, and remembers it.
  mutating func apply(to frame: Frame) throws {
    if let old, old.format == frame.format, frame.pixelFormat.bitDepth == 8 {
      let share = 1 - start.duration(to: .now) / Self.length
      if share > 0 { try Self.mix(old, into: frame, share: share) } else { self.old = nil }
    }
    let remembered = try last ?? Frame()
    try remembered.reference(frame)
    last = remembered
  }

  private static func mix(_ old: Frame, into frame: Frame, share: Double) throws {
    try frame.makeWritable()
    let weight = Int32(share * 256)
    for index in 0..<4 {
      guard let from = old.plane(index), let to = frame.plane(index) else { break }
      let isChroma = !frame.pixelFormat.isRGB && (index == 1 || index == 2)
      let shift = frame.pixelFormat.chromaShift.vertical
      let rows = isChroma ? (frame.height + (1 << shift) - 1) >> shift : frame.height
      let bytes = min(abs(old.stride(index)), abs(frame.stride(index)))
      for row in 0..<rows {
        let (source, target) = (from + row * old.stride(index), to + row * frame.stride(index))
        for x in 0..<bytes {
          let value = Int32(target[x])
          target[x] = UInt8(truncatingIfNeeded: value + (((Int32(source[x]) - value) * weight + 128) >> 8))
        }
      }
    }
  }
}
