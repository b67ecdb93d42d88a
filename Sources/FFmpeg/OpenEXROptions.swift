/// The options of libav's encoder of OpenEXR, `exr`.
package enum OpenEXROptions {
  /// Returns the options for 16-bit or 32-bit floats, compressed in blocks of 16 rows, as most programs do.
  package static func encoder(isHalfPrecision: Bool) -> [String: String] {
    ["compression": "zip16", "format": isHalfPrecision ? "half" : "float"]
  }
}
