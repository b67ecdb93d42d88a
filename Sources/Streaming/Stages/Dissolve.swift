import FFmpeg

/// Cross-fades from the last frame before a change to the frames after it, so that the image does not jump.
///
/// Operates on 8-bit samples as stored. Frames of other bit depths change at once.
struct Dissolve {
  private static let length = Duration.milliseconds(400)

  private var last: Frame?
  private var old: Frame?
  private var start = ContinuousClock.now

  /// Starts a cross-fade from the frame that was last passed to ``apply(to:)``.
  mutating func begin() throws {
    guard let last else { return }
    let frame = try Frame()
    try frame.reference(last)
    old = frame
    start = .now
  }

  /// Blends the old frame into `frame` while the cross-fade lasts, and remembers the result.
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
