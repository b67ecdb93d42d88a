import FFmpeg

/// A colour in sRGB.
public struct BackgroundColor: Equatable, Sendable, CustomStringConvertible {
  /// The red component.
  public var red: UInt8
  /// The green component.
  public var green: UInt8
  /// The blue component.
  public var blue: UInt8

  /// Black.
  public static let black = BackgroundColor(red: 0, green: 0, blue: 0)

  /// Creates a colour.
  public init(red: UInt8, green: UInt8, blue: UInt8) { (self.red, self.green, self.blue) = (red, green, blue) }

  /// Creates the colour that `text` names: `white`, `#ff8000` or any other form that FFmpeg knows; nil if it names
  /// none.
  public init?(_ text: String) {
    guard let color = PixelColor(text) else { return nil }
    self.init(red: color.red, green: color.green, blue: color.blue)
  }

  /// The components in hexadecimal digits, `#rrggbb`, or `black`.
  public var description: String {
    self == .black
      ? "black"
      : "#" + [red, green, blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// The components as floats, from 0 to 255.
  var values: (red: Float, green: Float, blue: Float) { (Float(red), Float(green), Float(blue)) }
}
