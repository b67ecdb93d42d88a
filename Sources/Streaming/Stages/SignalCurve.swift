import FFmpeg
import Foundation
import Imaging

/// A map between the values of an HDR signal and those that a network paints, which are like a photo's.
///
/// The networks know pictures in which white is near 255. PQ (SMPTE ST 2084) puts the white of paper, 203 cd/m² in
/// ITU-R BT.2408, at 58 % of its range, and spends a quarter of the range on highlights above 1000 cd/m², so it looks
/// dull and dark. Its values are therefore painted on the curve of HLG for a display of 1000 cd/m² (ITU-R BT.2100),
/// which is made to look right on ordinary displays: white is at 75 %, and what is brighter, up to 10000 cd/m², shares
/// the rest. The way back is the exact inverse. HLG itself is painted as it is.
struct SignalCurve: Sendable {
  /// The number of intervals of a table over 0…255.
  private static let count = 4096

  private let toPainting: [Float]
  private let toSignal: [Float]

  /// Creates the curve of a signal with these colour tags; nil if the signal is painted as it is.
  init?(_ color: ColorDescription) {
    guard color.transferName == "smpte2084" else { return nil }
    let values = (0...Self.count).map { Self.painted(Double($0) / Double(Self.count)) }
    toPainting = values.map { Float(255 * $0) }
    // The inverse of a rising function that is linear between its values.
    var lower = 0
    toSignal = (0...Self.count).map { index in
      let wanted = Double(index) / Double(Self.count) * values[Self.count]
      while lower < Self.count - 1, values[lower + 1] < wanted { lower += 1 }
      let step = values[lower + 1] - values[lower]
      let fraction = step > 0 ? min(1, max(0, (wanted - values[lower]) / step)) : 0
      return Float(255 * (Double(lower) + fraction) / Double(Self.count))
    }
  }

  /// Maps a PQ signal, 0…1, to the value that is painted, 0…1.
  static func painted(_ signal: Double) -> Double {
    let (white, knee, peak) = (0.75, hlg(203), hlg(10_000))
    let value = hlg(Transfer.pqLuminance(signal))
    return value <= knee ? value / knee * white : white + (value - knee) / (peak - knee) * (1 - white)
  }

  /// Returns the HLG signal of a display luminance in cd/m², for a display of 1000 cd/m² with a gamma of 1.2.
  private static func hlg(_ luminance: Double) -> Double { Transfer.hlgSignal(pow(luminance / 1000, 1 / 1.2)) }

  /// Maps signal values to those that are painted.
  func apply(to picture: FloatPicture) { Self.map(picture, toPainting) }

  /// Maps painted values to those of the signal.
  func invert(_ picture: FloatPicture) { Self.map(picture, toSignal) }

  private static func map(_ picture: FloatPicture, _ table: [Float]) {
    table.withUnsafeBufferPointer { table in
      let scale = Float(count) / 255
      for index in 0..<3 * picture.pixelCount {
        let place = min(Float(count), max(0, picture.colours[index] * scale))
        let lower = min(Int(place), count - 1)
        picture.colours[index] = table[lower] + (table[lower + 1] - table[lower]) * (place - Float(lower))
      }
    }
  }
}

/// The transfer functions of ITU-R BT.2100.
enum Transfer {
  /// Returns the display luminance in cd/m² of a PQ signal, 0…1.
  static func pqLuminance(_ signal: Double) -> Double {
    let (m1, m2, c1, c2, c3) = (0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875)
    let power = pow(max(0, signal), 1 / m2)
    return 10_000 * pow(max(0, power - c1) / (c2 - c3 * power), 1 / m1)
  }

  private static let (a, b, c) = (0.17883277, 0.28466892, 0.55991073)

  /// Returns the HLG signal of scene light, 0…1 and above.
  static func hlgSignal(_ light: Double) -> Double {
    light <= 1 / 12.0 ? (3 * max(0, light)).squareRoot() : a * log(12 * light - b) + c
  }

  /// Returns the scene light of an HLG signal, 0…1.
  static func hlgLight(_ signal: Double) -> Double {
    signal <= 0.5 ? signal * signal / 3 : (exp((signal - c) / a) + b) / 12
  }
}
