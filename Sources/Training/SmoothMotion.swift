import Foundation
import Tensors

/// A motion of a whole picture whose flow is known exactly: shift, zoom, rotation and gentle bending.
///
/// Pixel `q` of the second frame shows what lies at `c + R(q − c)/zoom + shift + Σ a·sin(2π·f·q + φ)` of the first, where `c` is
/// the centre and `R` a rotation.
public struct SmoothMotion: Sendable {
  /// One wave of the bending.
  public struct Wave: Sendable {
    /// How far it moves a pixel across and down, in pixels.
    public var amplitude: SIMD2<Double>
    /// Its frequency across and down, in periods per pixel.
    public var frequency: SIMD2<Double>
    /// Its phase in radians.
    public var phase: Double
  }

  /// The shift across and down, in pixels.
  public var shift: SIMD2<Double>
  /// The factor by which things grow from the first frame to the second.
  public var zoom: Double
  /// The rotation in radians.
  public let angle: Double
  /// The bending.
  public var waves: [Wave] = []
  /// Cosine and sine of the angle.
  private let rotation: SIMD2<Double>

  /// No motion.
  public static let none = SmoothMotion()

  /// A motion of the given shift in pixels, zoom and angle in radians, without bending.
  public init(shift: SIMD2<Double> = .zero, zoom: Double = 1, angle: Double = 0) {
    self.shift = shift
    self.zoom = zoom
    self.angle = angle
    rotation = SIMD2(cos(angle), sin(angle))
  }

  /// A random motion for pictures of `size` × `size` pixels, such as there is between two frames of a film.
  ///
  /// Shifts are log-uniform from 1/1024 to 1/16 of the size, so that slow motion is as frequent as fast; zoom is within 5 %,
  /// rotation within 3°, and two waves bend by up to 1/128 of the size along a period of at least two thirds of it.
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

  /// Where in the first frame pixel `q` of the second lies, for frames with the centre `center`.
  public func position(of q: SIMD2<Double>, center: SIMD2<Double>) -> SIMD2<Double> {
    let d = (q - center) / zoom
    let turned = SIMD2(rotation.x * d.x - rotation.y * d.y, rotation.y * d.x + rotation.x * d.y)
    var position = center + shift + turned
    for wave in waves {
      let argument = 2 * Double.pi * (wave.frequency.x * q.x + wave.frequency.y * q.y) + wave.phase
      position += wave.amplitude * sin(argument)
    }
    return position
  }

  /// Writes, for the pixels of a frame of `size` × `size`, positions in the first frame as (x, y) and masks: 1 where the pixel and
  /// its neighbours were in the picture, else 0.
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
