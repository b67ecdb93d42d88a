import Foundation

/// Reference kernels of the likeness, in double precision.
package enum ReferenceLikeness {
  /// A two-dimensional Gaussian blur of `[height, width]` with mirrored borders.
  package static func blurred(_ values: [Double], width: Int, height: Int, deviation: Double) -> [Double] {
    let reach = Int(3 * deviation + 0.5)
    func weight(_ distance: Int) -> Double { exp(-Double(distance * distance) / (2 * deviation * deviation)) }
    let total = (-reach...reach).map(weight).reduce(0, +)
    return values.indices.map { place in
      var sum = 0.0
      for down in -reach...reach {
        for across in -reach...reach {
          let y = reflected(place / width + down, height)
          let x = reflected(place % width + across, width)
          sum += weight(down) * weight(across) * values[y * width + x]
        }
      }
      return sum / (total * total)
    }
  }

  /// Mirrors the position at the borders until it is inside.
  private static func reflected(_ place: Int, _ length: Int) -> Int {
    if length == 1 { return 0 }
    var place = place
    while place < 0 || place >= length { place = place < 0 ? -place : 2 * (length - 1) - place }
    return place
  }

  /// The mean over pixels of the cosine similarity of `a` and `b`, `[pixels, channels]`, with each channel centred and
  /// scaled.
  package static func cosine(_ a: [Double], _ b: [Double], channels: Int) -> Double {
    let (a, b) = (normalized(a, channels: channels), normalized(b, channels: channels))
    let pixels = a.count / channels
    let cosines = (0..<pixels).map { pixel in
      let range = pixel * channels..<(pixel + 1) * channels
      let product = zip(a[range], b[range]).map { $0 * $1 }.reduce(0, +)
      func length(_ values: ArraySlice<Double>) -> Double { values.map { $0 * $0 }.reduce(0, +).squareRoot() }
      return product / (max(length(a[range]), 1e-8) * max(length(b[range]), 1e-8))
    }
    return cosines.reduce(0, +) / Double(pixels)
  }

  private static func normalized(_ values: [Double], channels: Int) -> [Double] {
    let pixels = Double(values.count / channels)
    var result = values
    for channel in 0..<channels {
      let places = stride(from: channel, to: values.count, by: channels)
      let mean = places.map { values[$0] }.reduce(0, +) / pixels
      let squares = places.map { (values[$0] - mean) * (values[$0] - mean) }.reduce(0, +)
      let deviation = pixels > 1 ? (squares / (pixels - 1)).squareRoot() : 0
      for place in places { result[place] = (values[place] - mean) / (deviation + 1e-3) }
    }
    return result
  }
}
