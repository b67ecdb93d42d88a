import FFmpeg
import Foundation
import Imaging

/// Converts HDR frames to BT.709, with the bit depth that they have.
///
/// Light is that of a display of 1000 cd/m² (ITU-R BT.2100), relative to the 203 cd/m² of white in ITU-R BT.2408.
/// Colours are converted from BT.2020 to BT.709 primaries. The largest component is kept up to half of white, and
/// compressed from there so that 1000 cd/m² become white, by the rational curve of FFmpeg's filter `tonemap=mobius`;
/// the others are scaled likewise, so that the hue stays. The result is encoded for a gamma of 2.4 (ITU-R BT.1886).
/// Not thread-safe.
final class StandardRange {
  private static let count = 4096
  private static let peak = 1000 / 203.0
  /// The largest component that is not compressed.
  private static let knee = 0.5

  private let picture = FloatPicture()
  private var reader = AdaptiveReader()
  private var writer: FrameWriter?
  /// The light of signals 0…255: relative to white for PQ, of the scene for HLG.
  private let light: [Float]
  /// The display light of one unit of scene light, by the square root of its luminance; empty for PQ.
  private let gain: [Float]
  /// The signal 0…255, by the square root of light.
  private let signal: [Float]
  private let isWide: Bool

  /// Creates a conversion of video with these colours; nil if it is not HDR.
  init?(_ color: ColorDescription) {
    guard color.isHDR else { return nil }
    let steps = (0...Self.count).map { Double($0) / Double(Self.count) }
    if color.transferName == "smpte2084" {
      light = steps.map { Float(Transfer.pqLuminance($0) / 203) }
      gain = []
    } else {
      light = steps.map { Float(Transfer.hlgLight($0)) }
      // The opto-optical transfer: luminance to the power of 1.2.
      gain = steps.map { Float(Self.peak * pow($0 * $0, 0.2)) }
    }
    signal = steps.map { Float(255 * pow($0 * $0, 1 / 2.4)) }
    isWide = color.primariesName != "bt709"
  }

  /// Returns the properties of converted frames.
  func description(of source: VideoDescription) -> VideoDescription {
    var result = source
    result.format = standard(source.format)
    result.hdrMetadata = nil
    return result
  }

  private func standard(_ format: VideoFormat) -> VideoFormat {
    var result = format
    if !format.pixelFormat.hasIntegerSamples {
      result.pixelFormat = PixelFormat(named: "yuv420p10le") ?? .yuv420p
    }
    result.color = ColorDescription.bt709.filled(from: format.color)
    result.color = result.color(encodedAs: result.pixelFormat)
    return result
  }

  /// Returns the converted frame, without its times.
  func convert(_ frame: Frame) throws -> Frame {
    try reader.read(frame, into: picture)
    map(picture)
    let format = standard(frame.format)
    if writer?.format != format { writer = try FrameWriter(format, depth: frame.pixelFormat.bitDepth) }
    let result = try Frame(format)
    result.sampleAspectRatio = frame.sampleAspectRatio
    writer?.write(picture, blend: nil, into: result)
    return result
  }

  private func map(_ picture: FloatPicture) {
    for index in 0..<picture.pixelCount {
      let pixel = picture.colours + 3 * index
      var (red, green, blue) = (
        Self.value(light, pixel[0] / 255), Self.value(light, pixel[1] / 255), Self.value(light, pixel[2] / 255)
      )
      if !gain.isEmpty {
        let luminance = 0.2627 * red + 0.678 * green + 0.0593 * blue
        let factor = Self.value(gain, max(0, luminance).squareRoot())
        (red, green, blue) = (red * factor, green * factor, blue * factor)
      }
      if isWide {
        // ITU-R BT.2407, linear light from BT.2020 to BT.709.
        (red, green, blue) = (
          max(0, 1.6605 * red - 0.5876 * green - 0.0728 * blue),
          max(0, -0.1246 * red + 1.1329 * green - 0.0083 * blue),
          max(0, -0.0182 * red - 0.1006 * green + 1.1187 * blue)
        )
      }
      let largest = max(red, green, blue)
      let scale = largest > Float(Self.knee) ? Self.compressed(largest) / largest : 1
      pixel[0] = Self.value(signal, (red * scale).squareRoot())
      pixel[1] = Self.value(signal, (green * scale).squareRoot())
      pixel[2] = Self.value(signal, (blue * scale).squareRoot())
    }
  }

  /// The rational function that continues the identity at the knee with its slope and is 1 at the peak.
  private static let (scale, near, far): (Float, Float, Float) = {
    let near = -knee * knee * (peak - 1) / (knee * knee - 2 * knee + peak)
    let far = (knee * knee - 2 * knee * peak + peak) / (peak - 1)
    return (Float((far * far + 2 * far * knee + knee * knee) / (far - near)), Float(near), Float(far))
  }()

  private static func compressed(_ value: Float) -> Float { min(1, scale * (value + near) / (value + far)) }

  /// Interpolates a table over 0…1.
  @inline(__always)
  private static func value(_ table: [Float], _ place: Float) -> Float {
    let position = min(Float(count), max(0, place * Float(count)))
    let lower = min(Int(position), count - 1)
    return table[lower] + (table[lower + 1] - table[lower]) * (position - Float(lower))
  }
}
