import CFFmpeg

/// Conversions of libav's string dictionaries.
enum Metadata {
  /// Returns all entries of `dictionary`. If a key occurs more than once, the last entry wins.
  static func entries(_ dictionary: OpaquePointer?) -> [String: String] {
    var result: [String: String] = [:]
    var entry: UnsafeMutablePointer<AVDictionaryEntry>?
    while let next = av_dict_get(dictionary, "", entry, AV_DICT_IGNORE_SUFFIX) {
      result[String(cString: next.pointee.key)] = String(cString: next.pointee.value)
      entry = next
    }
    return result
  }

  /// Runs `body` with a dictionary of `options`, from which libav removes the options that it accepts.
  ///
  /// - Returns: The names of the options that libav did not accept, sorted.
  static func withOptions(
    _ options: [String: String], _ body: (inout OpaquePointer?) throws -> Void
  ) rethrows -> [String] {
    var dictionary: OpaquePointer?
    for (key, value) in options { av_dict_set(&dictionary, key, value, 0) }
    defer { av_dict_free(&dictionary) }
    try body(&dictionary)
    return entries(dictionary).keys.sorted()
  }
}
