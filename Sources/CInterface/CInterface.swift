import CImpasto
import Networks

// The functions of impasto.h, which describes them. `@c` would compare them with the header, but needs Swift 6.3: the
// tests call them through the header.

/// `impasto_open`.
@_cdecl("impasto_open")
public func openStyle(
  _ style: UnsafePointer<CChar>?, _ options: UnsafePointer<impasto_options>?,
  _ result: UnsafeMutablePointer<OpaquePointer?>?
) -> impasto_status {
  status {
    result?.pointee = nil
    guard let result else { throw Failure(IMPASTO_INVALID_ARGUMENT, "there is no place for the style: result is null") }
    guard let style else { throw Failure(IMPASTO_INVALID_ARGUMENT, "the name of the style is null") }
    let name = try OpenOptions.string(style, "name of the style")
    guard !name.isEmpty else { throw Failure(IMPASTO_INVALID_ARGUMENT, "the name of the style is empty") }
    result.pointee = OpenStyles.add(try OpenStyle(name, try OpenOptions(options)))
  }
}

/// `impasto_prepare`.
@_cdecl("impasto_prepare")
public func prepareStyle(_ style: OpaquePointer?, _ width: Int32, _ height: Int32) -> impasto_status {
  status {
    let style = try OpenStyles.find(style)
    try ImageView.check(width: width, height: height, "picture")
    try style.paint { painter, settings in
      try painter.prepare(width: Int(width), height: Int(height), settings)
    }
  }
}

/// `impasto_paint`.
@_cdecl("impasto_paint")
public func paintImage(
  _ style: OpaquePointer?, _ source: UnsafePointer<impasto_image>?, _ target: UnsafePointer<impasto_image>?
) -> impasto_status {
  status {
    let style = try OpenStyles.find(style)
    let (source, target) = (try ImageView(source, "source"), try ImageView(target, "target"))
    try source.check(target: target)
    try style.paint { painter, settings in try painter.paint(source, into: target, settings) }
  }
}

/// `impasto_set_strength`.
@_cdecl("impasto_set_strength")
public func setStyleStrength(_ style: OpaquePointer?, _ strength: Float) -> impasto_status {
  status {
    let strength = try OpenOptions.strength(strength)
    try OpenStyles.find(style).change { $0.strength = strength }
  }
}

/// `impasto_set_preserve_colors`.
@_cdecl("impasto_set_preserve_colors")
public func setStylePreserveColors(_ style: OpaquePointer?, _ preservesColors: Bool) -> impasto_status {
  status { try OpenStyles.find(style).change { $0.preservesColors = preservesColors } }
}

/// `impasto_set_stroke_size`.
@_cdecl("impasto_set_stroke_size")
public func setStyleStrokeSize(_ style: OpaquePointer?, _ size: UnsafePointer<CChar>?) -> impasto_status {
  status { try OpenStyles.find(style).setStrokes(try OpenOptions.strokes(size)) }
}

/// `impasto_close`.
@_cdecl("impasto_close")
public func closeStyle(_ style: OpaquePointer?) -> impasto_status {
  status { if style != nil { try OpenStyles.remove(style) } }
}

/// `impasto_list_styles`.
@_cdecl("impasto_list_styles")
public func listStyles(
  _ models: UnsafePointer<CChar>?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
  _ length: UnsafeMutablePointer<Int>?
) -> impasto_status {
  status {
    // A line feed ends a name, so a name with one cannot be listed.
    let names = try OpenOptions.folders(models).names.filter { !$0.contains("\n") }
    let text = names.map { $0 + "\n" }.joined()
    length?.pointee = text.utf8.count
    guard let buffer else {
      if capacity == 0 { throw Failure(IMPASTO_BUFFER_TOO_SMALL, tooSmall(capacity, text)) }
      throw Failure(IMPASTO_INVALID_ARGUMENT, "the buffer is null and should have \(capacity) bytes")
    }
    // A capacity of 2⁶³ or more is negative here.
    guard capacity < 0 || capacity > text.utf8.count else {
      throw Failure(IMPASTO_BUFFER_TOO_SMALL, tooSmall(capacity, text))
    }
    text.withCString { buffer.update(from: $0, count: text.utf8.count + 1) }
  }
}

private func tooSmall(_ capacity: Int, _ names: String) -> String {
  "the buffer has \(capacity) bytes; the names need \(names.utf8.count + 1)"
}
