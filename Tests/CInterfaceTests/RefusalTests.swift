import CImpasto
import TestSupport
import Testing

/// Whatever the arguments are, a call returns a status and leaves a sentence.
@Suite struct RefusalTests {
  private let styles: StyleFolder

  init() throws { styles = try StyleFolder() }

  private func expect(
    _ status: impasto_status, _ expected: impasto_status, _ text: String, _ place: SourceLocation = #_sourceLocation
  ) {
    #expect(status == expected, "\(lastError)", sourceLocation: place)
    #expect(lastError.contains(text), "\(lastError)", sourceLocation: place)
  }

  @Test("Styles that do not exist or are damaged are told apart")
  func styleNames() throws {
    var style: OpaquePointer? = OpaquePointer(bitPattern: 16)
    expect(impasto_open(nil, nil, &style), IMPASTO_INVALID_ARGUMENT, "null")
    #expect(style == nil)
    expect(impasto_open("starry", nil, nil), IMPASTO_INVALID_ARGUMENT, "result is null")
    expect(impasto_open("", nil, &style), IMPASTO_INVALID_ARGUMENT, "empty")
    expect(
      [CChar]([-1, -2, 0]).withUnsafeBufferPointer { impasto_open($0.baseAddress, nil, &style) },
      IMPASTO_INVALID_ARGUMENT, "not UTF-8")
    expect(styles.open("sunday").status, IMPASTO_NO_SUCH_STYLE, "known: canvas, damaged, random")
    expect(styles.open("/no/such.safetensors").status, IMPASTO_NO_SUCH_STYLE, "/no/such.safetensors: no such file")
    expect(styles.open("damaged").status, IMPASTO_UNREADABLE_MODEL, "damaged.safetensors")
    expect(styles.open(styles.folder.path).status, IMPASTO_UNREADABLE_MODEL, "is a directory")
    // Cut off anywhere, and with other bytes in its header.
    let whole = try styles.folder.bytes(of: "random.safetensors")
    for count in [0, 7, 8, 100, whole.count / 2, whole.count - 1] {
      try styles.folder.write(Array(whole[..<count]), to: "cut.safetensors")
      #expect(styles.open("cut").status == IMPASTO_UNREADABLE_MODEL)
    }
  }

  @Test("Options out of range are named")
  func options() {
    for threads in [-1, 257, .max, .min] as [Int32] {
      expect(styles.open("random") { $0.threads = threads }.status, IMPASTO_INVALID_ARGUMENT, "\(threads) threads")
    }
    for strength in [-0.1, 1.1, .nan, .infinity] as [Float] {
      expect(styles.open("random") { $0.strength = strength }.status, IMPASTO_INVALID_ARGUMENT, "strength is")
    }
    for size in [0, 8, -1, MemoryLayout<impasto_options>.size - 1] {
      expect(styles.open("random") { $0.struct_size = size }.status, IMPASTO_INVALID_ARGUMENT, "\(size) bytes")
    }
    "tiny".withCString { size in
      expect(styles.open("canvas") { $0.stroke_size = size }.status, IMPASTO_INVALID_ARGUMENT, "'tiny'")
    }
    "large".withCString { size in
      expect(styles.open("random") { $0.stroke_size = size }.status, IMPASTO_INVALID_ARGUMENT, "no canvas")
    }
  }

  @Test("Values that are no open style are recognised")
  func handles() throws {
    let style = try styles.style("random")
    #expect(impasto_close(style) == IMPASTO_OK)
    for value in [style, OpaquePointer(bitPattern: 1), OpaquePointer(bitPattern: UInt.max)] {
      expect(impasto_close(value), IMPASTO_NOT_OPEN, "not open")
      expect(impasto_set_strength(value, 1), IMPASTO_NOT_OPEN, "not open")
      expect(impasto_set_preserve_colors(value, true), IMPASTO_NOT_OPEN, "not open")
      expect(impasto_set_stroke_size(value, nil), IMPASTO_NOT_OPEN, "not open")
      expect(impasto_prepare(value, 1, 1), IMPASTO_NOT_OPEN, "not open")
      expect(impasto_paint(value, nil, nil), IMPASTO_NOT_OPEN, "not open")
    }
    expect(impasto_paint(nil, nil, nil), IMPASTO_INVALID_ARGUMENT, "style is null")
    #expect(impasto_close(nil) == IMPASTO_OK)
  }

  @Test("Pictures that cannot be are refused before their memory is touched")
  func pictures() throws {
    let style = try styles.style("canvas")
    defer { impasto_close(style) }
    var pixels = [UInt8](repeating: 7, count: 4096)
    pixels.withUnsafeMutableBytes { bytes in
      let good = impasto_image(pixels: bytes.baseAddress, width: 10, height: 10, stride: 30, format: 0)
      func refuse(
        _ text: String, _ place: SourceLocation = #_sourceLocation, _ change: (inout impasto_image) -> Void
      ) {
        var (image, other) = (good, good)
        change(&image)
        // Either of the two.
        expect(impasto_paint(style, &image, &other), IMPASTO_INVALID_ARGUMENT, text, place)
        expect(impasto_paint(style, &other, &image), IMPASTO_INVALID_ARGUMENT, text, place)
      }
      refuse("are null") { $0.pixels = nil }
      for extent in [0, -1, 65537, .max, .min] as [Int32] {
        refuse("expected 1×1 to 65536×65536") { $0.width = extent }
        refuse("expected 1×1 to 65536×65536") { $0.height = extent }
      }
      for stride in [29, 0, -30, .min] { refuse("need 30") { $0.stride = stride } }
      for stride in [Int.max, Int.max / 2] { refuse("do not fit into memory") { $0.stride = stride } }
      for format in [-1, 5, .max] as [Int32] { refuse("pixel format \(format)") { $0.format = format } }
      refuse("expected the same") { $0.height = 9 }
      refuse("overlap") { $0.pixels = $0.pixels + 1 }
      refuse("overlap") { $0.stride = 31 }
      refuse("overlap") { ($0.format, $0.stride) = (2, 40) }
      var image = good
      expect(impasto_paint(style, nil, &image), IMPASTO_INVALID_ARGUMENT, "source is null")
      expect(impasto_paint(style, &image, nil), IMPASTO_INVALID_ARGUMENT, "target is null")
    }
    #expect(pixels.allSatisfy { $0 == 7 })
    expect(impasto_prepare(style, 0, 5), IMPASTO_INVALID_ARGUMENT, "0×5")
  }

  @Test("A picture beyond the machine's memory is refused, and the style can still paint")
  func memory() throws {
    let style = try styles.style("random")
    defer { impasto_close(style) }
    expect(impasto_prepare(style, 65536, 65536), IMPASTO_OUT_OF_MEMORY, "MB of memory")
    #expect(impasto_prepare(style, 16, 16) == IMPASTO_OK)
  }

  @Test("Styles are listed, also in a second try with a larger buffer")
  func list() throws {
    let models = styles.folder.path
    var length = 0
    expect(impasto_list_styles(models, nil, 0, &length), IMPASTO_BUFFER_TOO_SMALL, "need \(length + 1)")
    var buffer = [CChar](repeating: 1, count: length + 1)
    expect(impasto_list_styles(models, &buffer, length, nil), IMPASTO_BUFFER_TOO_SMALL, "has \(length) bytes")
    #expect(buffer.allSatisfy { $0 == 1 })
    #expect(impasto_list_styles(models, &buffer, length + 1, &length) == IMPASTO_OK)
    #expect(buffer.map(UInt8.init(bitPattern:)) == Array("canvas\ndamaged\nrandom\n\0".utf8))
    expect(impasto_list_styles(models, nil, 5, nil), IMPASTO_INVALID_ARGUMENT, "buffer is null")
    #expect(impasto_list_styles("/no/such/folder", &buffer, 1, &length) == IMPASTO_OK)
    #expect(length == 0 && buffer[0] == 0)
  }

  @Test("Every status has a sentence of its own")
  func messages() {
    let all = (0...8).map { String(cString: impasto_error_message(impasto_status($0))) }
    #expect(Set(all).count == 9 && !all.contains("there is no such status"))
    #expect(String(cString: impasto_error_message(impasto_status(77))) == "there is no such status")
  }

  @Test("A long message is cut off between two characters")
  func longMessage() {
    // The name stands in the message, and each of its characters has two bytes.
    for name in [String(repeating: "ü", count: 2000), "x" + String(repeating: "ü", count: 2000)] {
      #expect(styles.open("./" + name).status == IMPASTO_NO_SUCH_STYLE)
      let bytes = Array(UnsafeBufferPointer(start: impasto_last_error(), count: 1024))
      let text = bytes.prefix { $0 != 0 }
      #expect((1022...1023).contains(text.count))
      #expect(String(validating: text.map(UInt8.init(bitPattern:)), as: UTF8.self) != nil)
    }
  }
}
