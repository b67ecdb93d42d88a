import FFmpeg
import Foundation

/// The relation between scene-linear light, which OpenEXR stores, and the values that a network paints.
///
/// A network knows photos, whose values from 0 to 255 are display-encoded, and which end at white. Light has no end. Up
/// to 1, which is the white of paper, a painting value is that of sRGB (IEC 61966-2-1), scaled so that 1 is at
/// ``white`` of the range. The rest of the range is a shoulder, a logarithm that continues the curve with its slope and
/// reaches 255 at ``peak``. So each stop of a highlight has about as many values as the next, and no part of a picture
/// below 1 is bent. The curve does not depend on the picture, so frames of a film do not flicker.
///
/// The curve goes on beyond ``peak``, and it is odd: negative light, which renderers and filters leave behind, has
/// negative values. So blends with the original are exact for all light. What is painted is clamped to 0…255, so
/// painted light lies between 0 and ``peak``. NaN counts as 0 and infinity as ``largest``. Where the original's samples
/// are taken as they are, at a strength of 0, these stay, too. Grey pictures are read as equal colours. Primaries are
/// not converted.
package enum SceneLight {
  /// The value of light 1, as a part of the range.
  package static let white: Float = 0.85
  /// The light of value 255: six stops above the white of paper.
  package static let peak: Float = 64
  /// The largest light: the largest 16-bit float.
  package static let largest: Float = 65504

  /// The slope of sRGB at 1.
  private static let slope: Float = 1.055 / 2.4
  /// The light over which the shoulder bends. It is the solution of
  /// `white · slope · bend · log(1 + (peak − 1) / bend) = 1 − white`.
  private static let bend: Float = {
    let wanted = Double(1 - white) / Double(white * slope)
    var (low, high) = (1e-6, Double(peak))
    for _ in 0..<100 {
      let middle = (low + high) / 2
      if middle * log(1 + Double(peak - 1) / middle) < wanted { low = middle } else { high = middle }
    }
    return Float(low)
  }()
  private static let gain = white * slope * bend

  /// Returns the value of light.
  package static func value(ofLight light: Float) -> Float {
    let size = min(abs(light), largest)
    let value: Float
    if size <= 0.0031308 {
      value = white * 12.92 * size
    } else if size <= 1 {
      value = white * (1.055 * pow(size, 1 / 2.4) - 0.055)
    } else {
      value = white + gain * log1p((size - 1) / bend)
    }
    // The comparisons are false for NaN.
    return light > 0 ? 255 * value : light < 0 ? -255 * value : 0
  }

  /// Returns the light of a value: the inverse of ``value(ofLight:)``.
  package static func light(ofValue value: Float) -> Float {
    let size = abs(value) / 255
    let light: Float
    if size <= white * 0.04045 {
      light = size / (white * 12.92)
    } else if size <= white {
      light = pow((size / white + 0.055) / 1.055, 2.4)
    } else {
      light = min(largest, 1 + bend * expm1((size - white) / gain))
    }
    return value > 0 ? light : value < 0 ? -light : 0
  }

  /// Returns the value of a display, 0…255, that shows a painting value: plain sRGB, in which light above 1 is white.
  package static func display(ofValue value: Float) -> Float { min(255, max(0, value / white)) }

  /// Converts values as a reader of frames of `source` gives them to those that a writer of frames of `target` takes.
  ///
  /// Where both are scene-linear or neither is, nothing changes. From scene-linear light, values become those of a
  /// display. To scene-linear light, white becomes light 1.
  package static func convert(_ picture: FloatPicture, from source: VideoFormat, to target: VideoFormat) {
    switch (source.isSceneLinear, target.isSceneLinear) {
    case (true, false):
      for index in 0..<3 * picture.pixelCount {
        picture.colours[index] = display(ofValue: picture.colours[index])
      }
    case (false, true):
      for index in 0..<3 * picture.pixelCount { picture.colours[index] *= white }
    default: break
    }
  }
}
