import Foundation
import Imaging

/// Measures the width of a painting's strokes.
package enum StrokeWidth {
  /// The maximum short side at which strokes are measured, so that a larger scan of a painting gives the same width.
  private static let maximumLines = 512
  /// The standard deviations of the low-pass filters, as shares of the short side, ascending.
  private static let shares = [1 / 32.0, 1 / 16.0, 1 / 8.0, 1 / 4.0, 1 / 2.0]
  /// A half-value distance up to this share of the low-pass deviation depends on the strokes, a larger one on the
  /// filter.
  private static let trustedShare = 0.2
  /// The maximum half-value distance as a share of the low-pass deviation, measured on synthetic strokes.
  private static let maximumShare = 0.3

  /// Measures the typical width of the strokes in `picture`.
  ///
  /// `w = 3r / (1 − (r/0.3σ)³)`, where `r` is the distance at which the autocorrelation
  /// `C(r) = Σ z(p)·z(p ± r·n(p)) / Σ z(p)²` falls to a half, after subtracting ½ pixel² from its square for blur. `z`
  /// is the luma minus its Gaussian blur of standard deviation `σ`, and `n` is the direction across the strokes, that
  /// of the structure tensor's larger eigenvalue.
  ///
  /// For adjacent square strokes the autocorrelation falls to a half at about a third of their width. The high-pass
  /// removes shapes, which are larger than strokes and would hide them. `σ` is the smallest of 1/32 … 1/2 of the short
  /// side that does not determine `r` itself. In a scan of fewer than 512 lines fine strokes are blurred, so the result
  /// is too large.
  ///
  /// - Returns: The width as a share of the short side, or 1 if there are no strokes.
  package static func measure(_ picture: Picture) -> Double {
    let short = min(picture.width, picture.height)
    let plane = LumaPlane(short > maximumLines ? picture.resized(shortSide: maximumLines) : picture)
    let side = Double(min(plane.width, plane.height))
    let normals = normals(of: plane)
    var width = 1.0
    for share in shares {
      let deviation = share * side
      let low = plane.blurred(radius: max(1, Int((deviation - 0.5).rounded())))
      let high = plane.with(zip(plane.values, low.values).map { $0 - $1 })
      guard let distance = halfValueDistance(of: high, across: normals, limit: side / 2) else { continue }
      let sharp = max(distance * distance - 0.5, 0.1).squareRoot()
      let filled = sharp / (maximumShare * deviation)
      guard filled < 1 else { continue }
      width = min(1, 3 * sharp / (1 - filled * filled * filled) / side)
      if distance < trustedShare * deviation { break }
    }
    return width
  }

  /// Returns the unit vector across the strokes for each pixel.
  private static func normals(of plane: LumaPlane) -> [SIMD2<Float>] {
    let smooth = plane.blurred(radius: 1).values
    let (width, height) = (plane.width, plane.height)
    var (xx, yy, xy) = ([Float](), [Float](), [Float]())
    for y in 0..<height {
      let (above, below) = (max(y - 1, 0) * width, min(y + 1, height - 1) * width)
      for x in 0..<width {
        let across = smooth[y * width + min(x + 1, width - 1)] - smooth[y * width + max(x - 1, 0)]
        let down = smooth[below + x] - smooth[above + x]
        xx.append(across * across)
        yy.append(down * down)
        xy.append(across * down)
      }
    }
    let tensor = [xx, yy, xy].map { plane.with($0).blurred(radius: 1).values }
    return (0..<width * height).map { index in
      let angle = 0.5 * atan2(2 * tensor[2][index], tensor[0][index] - tensor[1][index])
      return SIMD2(cos(angle), sin(angle))
    }
  }

  /// Returns the distance, in pixels, at which the autocorrelation across the strokes falls to a half, or nil if it
  /// exceeds `limit`.
  private static func halfValueDistance(
    of plane: LumaPlane, across normals: [SIMD2<Float>], limit: Double
  ) -> Double? {
    // One in four pixels is enough for the mean.
    let places = stride(from: 0, to: plane.height, by: 2).flatMap { y in
      stride(from: 0, to: plane.width, by: 2).map { (x: $0, y: y) }
    }
    func product(_ distance: Double) -> Double {
      var sum = 0.0
      for place in places {
        let index = place.y * plane.width + place.x
        let center = SIMD2(Float(place.x), Float(place.y))
        let (before, behind) = (center - Float(distance) * normals[index], center + Float(distance) * normals[index])
        let around = plane.value(x: before.x, y: before.y) + plane.value(x: behind.x, y: behind.y)
        sum += Double(plane.values[index] * around)
      }
      return sum
    }
    let energy = product(0)
    guard energy > 0 else { return nil }
    var (distance, value) = (0.0, 1.0)
    while distance < limit {
      let step = max(0.5, distance / 16)
      let next = product(distance + step) / energy
      if next < 0.5 { return distance + step * (value - 0.5) / (value - next) }
      (distance, value) = (distance + step, next)
    }
    return nil
  }
}
