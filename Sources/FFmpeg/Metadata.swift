import CFFmpeg

/// libav's dictionaries of strings.
enum Metadata {
  /// All entries of `dictionary`; of equal keys the last one wins.
  static func entries(_ dictionary: OpaquePointer?) -> [String: String] {
    var result: [String: String] = [:]
    var entry: UnsafeMutablePointer<AVDictionaryEntry>?
    while let next = av_dict_get(dictionary, "", entry, AV_DICT_IGNORE_SUFFIX) {
      result[String(cString: next.pointee.key)] = String(cString: next.pointee.value)
      entry = next
    }
    return result
  }

  /// Runs `body` on a dictionary of `options`, and frees what is left of it. What libav took is removed from it: the names
  /// of what it did not take are returned.
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
