import Foundation
import Imaging

/// Pieces of web pages that are complete in one file.
package enum HTML {
  /// Returns `text` for use between tags and in attributes.
  package static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.append(character)
      }
    }
    return result
  }

  /// Returns a picture as a data URL.
  ///
  /// - Parameter path: The file that errors name.
  /// - Throws: `PictureError` if the picture cannot be encoded.
  package static func dataURL(_ picture: Picture, _ format: PictureFormat, for path: String) throws -> String {
    let bytes = try PictureFile.encode(picture, as: format, for: path)
    return "data:image/\(format.rawValue);base64,\(Data(bytes).base64EncodedString())"
  }

  /// Returns `text` escaped, with the parts between backticks as code.
  package static func withCode(_ text: String) -> String {
    let parts = escaped(text).split(separator: "`", omittingEmptySubsequences: false)
    // An odd number of marks has no end: it stays as it is.
    guard parts.count % 2 == 1 else { return escaped(text) }
    return parts.enumerated().map { $0 % 2 == 1 ? "<code>\($1)</code>" : String($1) }.joined()
  }
}
