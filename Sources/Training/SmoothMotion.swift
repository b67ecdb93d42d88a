import Foundation
import Tensors

/// A smooth motion between two frames with exactly known flow: shift, zoom, rotation and slight bending.
///
/// Pixel `q` of the second frame shows the point `c + R(q − c)/zoom + shift + Σ a·sin(2π·f·q + φ)` of the first, where
/// `c` is the centre and `R` a rotation.
package struct SmoothMotion: Sendable {
  /// A sine wave of the bending.
  package struct Wave: Sendable {
    /// The maximum horizontal and vertical displacement, in pixels.
    package var amplitude: SIMD2<Double>
    /// The horizontal and vertical frequency, in periods per pixel.
    package var frequency: SIMD2<Double>
    /// The phase in radians.
    package var phase: Double
  }

  /// The horizontal and vertical shift, in pixels.
  package var shift: SIMD2<Double>
  /// The magnification from the first frame to the second.
  package var zoom: Double
  /// The rotation in radians.
  package let angle: Double
  /// The waves of the bending.
  package var waves: [Wave] = []
  /// The cosine and sine of ``angle``.
  private let rotation: SIMD2<Double>

  /// No motion.
  package static let none = SmoothMotion()

  /// Creates a motion without bending. The shift is in pixels, the angle in radians.
  package init(shift: SIMD2<Double> = .zero, zoom: Double = 1, angle: Double = 0) {
    self.shift = shift
    self.zoom = zoom
    self.angle = angle
    rotation = SIMD2(cos(angle), sin(angle))
  }

  /// Returns a random motion for pictures of `size` × `size` pixels, typical of two consecutive frames of a video.
  ///
  /// Shifts are log-uniform from 1/1024 to 1/16 of the size, so that slow motion is as frequent as fast motion. The
  /// zoom is within 5 % and the rotation within 3°. Two waves bend the picture by up to 1/128 of the size, with periods
  /// of at least two thirds of it.
  static func random(size: Int, _ random: inout SplitMix64) -> SmoothMotion {
    func signed(_ random: inout SplitMix64) -> Double { 2 * Double(random.uniform()) - 1 }
    let distance = Double(size) / 1024 * exp2(6 * Double(random.uniform()))
    let direction = 2 * Double.pi * Double(random.uniform())
    var motion = SmoothMotion(
      shift: SIMD2(distance * cos(direction), distance * sin(direction)), zoom: 1 + 0.05 * signed(&random),
      angle: Double.pi / 60 * signed(&random))
    for _ in 0..<2 {
      let amplitude = SIMD2(signed(&random), signed(&random)) * Double(size) / 128
      let frequency = SIMD2(signed(&random), signed(&random)) * 1.5 / Double(size)
      let phase = 2 * Double.pi * Double(random.uniform())
      motion.waves.append(Wave(amplitude: amplitude, frequency: frequency, phase: phase))
    }
    return motion
  }

  /// Returns the position in the first frame of pixel `q` of the second, for frames with the centre `center`.
  package func position(of q: SIMD2<Double>, center: SIMD2<Double>) -> SIMD2<Double> {
    let d = (q - center) / zoom
    let turned = SIMD2(rotation.x * d.x - rotation.y * d.y, rotation.y * d.x + rotation.x * d.y)
    var position = center + shift + turned
    for wave in waves {
      let argument = 2 * Double.pi * (wave.frequency.x * q.x + wave.frequency.y * q.y) + wave.phase
      position += wave.amplitude * sin(argument)
    }
    return position
  }

  /// Writes the flow of a frame of `size` × `size` pixels.
  ///
  /// - Parameters:
  ///   - positions: Receives the position (x, y) of each pixel in the first frame.
  ///   - mask: Receives 1 if the pixel and its neighbours lie within the first frame, else 0.
  func write(size: Int, positions: UnsafeMutablePointer<Float>, mask: UnsafeMutablePointer<Float>) {
    let center = SIMD2(repeating: Double(size - 1) / 2)
    let inside = 1.0...Double(size - 2)
    for y in 0..<size {
      for x in 0..<size {
        let place = position(of: SIMD2(Double(x), Double(y)), center: center)
        let index = y * size + x
        positions[2 * index] = Float(place.x)
        positions[2 * index + 1] = Float(place.y)
        mask[index] = inside.contains(place.x) && inside.contains(place.y) ? 1 : 0
      }
    }
  }
}
