import FFmpeg
import Testing

@Suite struct FieldTests {
  /// Returns a frame whose samples are `value` of plane and row.
  private func frame(
    _ format: PixelFormat, width: Int = 32, height: Int, _ value: (_ plane: Int, _ row: Int) -> UInt8
  ) throws -> Frame {
    let frame = try Frame(VideoFormat(width: width, height: height, pixelFormat: format))
    forEachRow(of: frame) { plane, row, samples in
      for x in samples.indices { samples[x] = value(plane, row) }
    }
    return frame
  }

  private func forEachRow(of frame: Frame, _ body: (Int, Int, UnsafeMutableBufferPointer<UInt8>) -> Void) {
    for plane in 0..<3 {
      guard let base = frame.plane(plane) else { return }
      let shift = plane == 0 || frame.pixelFormat.isRGB ? (0, 0) : frame.pixelFormat.chromaShift
      let bytes = frame.pixelFormat == .rgb24 ? 3 * frame.width : (frame.width + (1 << shift.0) - 1) >> shift.0
      for row in 0..<(frame.height + (1 << shift.1) - 1) >> shift.1 {
        body(plane, row, UnsafeMutableBufferPointer(start: base + row * frame.stride(plane), count: bytes))
      }
    }
  }

  private func samples(of frame: Frame) -> [[UInt8]] {
    var result: [[UInt8]] = []
    forEachRow(of: frame) { _, _, samples in result.append(Array(samples)) }
    return result
  }

  @Test(arguments: [PixelFormat.yuv420p, .yuv422p, .yuv444p, .rgb24], [1, 2, 3, 5, 6, 7, 8, 96])
  func fieldsAreTakenApartAndWoven(format: PixelFormat, height: Int) throws {
    let whole = try frame(format, height: height) { UInt8(50 * $0 + $1) }
    let other = try frame(format, height: height) { _, _ in 255 }
    for isBottom in [false, true] {
      let field = try frame(format, height: (height + 1) / 2) { _, _ in 254 }
      field.copyField(of: whole, isBottom: isBottom)
      #expect(samples(of: field).allSatisfy { $0.first != 254 })
      other.weave(field, isBottom: isBottom)
    }
    #expect(samples(of: other) == samples(of: whole))
  }

  @Test func theOrderIsStoredInTheFrame() throws {
    let frame = try Frame()
    #expect(frame.fieldOrder == .progressive && !frame.isInterlaced)
    for order in [FieldOrder.topFieldFirst, .bottomFieldFirst, .progressive] {
      frame.fieldOrder = order
      #expect(frame.fieldOrder == order && frame.isInterlaced == (order != .progressive))
    }
  }

  /// A bar that moves between the fields leaves a comb, which the filter removes. Progressive frames pass as they are.
  @Test func interlacedFramesBecomeProgressive() throws {
    let count = 6
    func picture(_ index: Int) throws -> Frame {
      let frame = try frame(.yuv420p, width: 64, height: 64) { plane, _ in plane == 0 ? 40 : 128 }
      guard let luma = frame.plane(0) else { return frame }
      for row in 0..<64 {
        let start = 4 * index + (row % 2 == 0 ? 0 : 2)
        for x in start..<start + 16 { luma[row * frame.stride(0) + x] = 200 }
      }
      frame.pts = Int64(index)
      return frame
    }
    func combing(_ frame: Frame) -> Int {
      guard let luma = frame.plane(0) else { return 0 }
      let stride = frame.stride(0)
      return (16..<48).reduce(0) { sum, row in
        sum + (0..<64).reduce(0) { $0 + abs(Int(luma[row * stride + $1]) - Int(luma[(row + 1) * stride + $1])) }
      }
    }
    var combed = 0
    let first = try picture(0)
    let filter = try Deinterlacer(like: first, threads: 2)
    var results: [[[UInt8]]] = []
    let output = try Frame()
    func receive() throws {
      while try filter.receive(into: output) == .output {
        #expect(!output.isInterlaced)
        if results.count < count { #expect(combing(output) < combed / 10) }
        results.append(samples(of: output))
      }
    }
    var progressive: [[[UInt8]]] = []
    for index in 0..<2 * count {
      let next = try picture(index)
      if index < count { next.fieldOrder = .topFieldFirst } else { progressive.append(samples(of: next)) }
      combed = combing(next)
      try filter.send(next)
      try receive()
    }
    try filter.send(nil)
    try receive()
    #expect(results.count == 2 * count && Array(results.suffix(count)) == progressive)
    #expect(try filter.receive(into: output) == .ended)
  }

  @Test func encodersThatCodeFieldsAreFound() throws {
    func codesFields(_ codec: String, _ order: FieldOrder = .topFieldFirst) -> Bool {
      Encoder.codesFields(
        EncoderSettings(
          codec: codec, format: VideoFormat(width: 64, height: 64, pixelFormat: .yuv420p), frameRate: Rational(25, 1),
          fieldOrder: order))
    }
    for codec in ["libx264", "mpeg2video", "mpeg4", "ffv1"] {
      #expect(codesFields(codec) && codesFields(codec, .bottomFieldFirst), "\(codec)")
    }
    for codec in ["libvpx-vp9", "mjpeg", "flv1", "no-such-codec"] { #expect(!codesFields(codec), "\(codec)") }
  }
}
