import FFmpeg
import Imaging
import Testing

/// The curve between scene-linear light and the values that are painted.
struct SceneLightTests {
  /// Light from the least that matters to the largest 16-bit float, a hundred steps in each factor of two.
  private static let lights = (-1400...1599).map { Float(1.0069555).power($0) }

  @Test func theWayBackIsTheInverse() {
    for light in Self.lights {
      for signed in [light, -light] {
        let back = SceneLight.light(ofValue: SceneLight.value(ofLight: signed))
        // The logarithm of the shoulder multiplies an error of 2⁻²⁴ of the range by up to 50 for its largest light.
        #expect(abs(back - signed) <= 2e-5 * light, "\(signed)")
      }
    }
  }

  @Test func theCurveRisesWithoutAKink() {
    var before = (light: Float(0), value: Float(0), slope: Float.infinity)
    for light in Self.lights {
      let value = SceneLight.value(ofLight: light)
      let slope = (value - before.value) / (light - before.light)
      #expect(value > before.value)
      // The curve is concave. Differences of floats are off by 2⁻²⁴ of 255 over the step.
      let error = 4 * Float(255).ulp / (light - before.light)
      #expect(slope <= before.slope + error, "\(light)")
      before = (light, value, slope + error)
    }
    let step: Float = 1e-3
    let below = (SceneLight.value(ofLight: 1) - SceneLight.value(ofLight: 1 - step)) / step
    let above = (SceneLight.value(ofLight: 1 + step) - SceneLight.value(ofLight: 1)) / step
    // Two chords of a smooth curve, whose slope changes by 2 % a step there.
    #expect(abs(above / below - 1) < 0.03)
  }

  @Test func theCurveIsSRGBUpToWhite() {
    // Values of sRGB from IEC 61966-2-1, and light.
    for (display, light) in [(0, 0), (0.1, 0.010023), (0.5, 0.214041), (0.735357, 0.5), (1, 1)] as [(Float, Float)] {
      let value = SceneLight.value(ofLight: light)
      // The numbers have six decimals.
      #expect(abs(value / 255 - SceneLight.white * display) < 1e-5)
      #expect(abs(SceneLight.display(ofValue: value) - 255 * display) < 2e-3)
    }
    #expect(SceneLight.display(ofValue: SceneLight.value(ofLight: 7)) == 255)
    #expect(SceneLight.display(ofValue: SceneLight.value(ofLight: -7)) == 0)
  }

  @Test func theRangeEndsAtThePeak() {
    // The bend is found to the precision of floats.
    #expect(abs(SceneLight.value(ofLight: SceneLight.peak) - 255) < 1e-2)
    #expect(abs(SceneLight.light(ofValue: 255) / SceneLight.peak - 1) < 1e-3)
  }

  @Test func lightThatIsNoNumberHasAValue() {
    let largest = SceneLight.value(ofLight: SceneLight.largest)
    #expect(SceneLight.value(ofLight: .nan) == 0)
    #expect(SceneLight.value(ofLight: .infinity) == largest)
    #expect(SceneLight.value(ofLight: -.infinity) == -largest)
    #expect(SceneLight.light(ofValue: .nan) == 0)
    #expect(SceneLight.light(ofValue: .infinity) == SceneLight.largest)
    #expect(SceneLight.light(ofValue: -.infinity) == -SceneLight.largest)
  }

  @Test func valuesChangeBetweenLightAndDisplays() throws {
    let light = VideoFormat(
      width: 2, height: 1, pixelFormat: try #require(PixelFormat(named: "gbrpf32le")), color: .sceneLinear)
    let display = VideoFormat(width: 2, height: 1, pixelFormat: .rgb24, color: .sRGB)
    let picture = FloatPicture()
    picture.resize(width: 2, height: 1)
    let values: [Float] = [0, 100, 255, 10, 20, 30]
    for (index, value) in values.enumerated() { picture.colours[index] = value }
    SceneLight.convert(picture, from: display, to: light)
    #expect(SceneLight.light(ofValue: picture.colours[2]) == 1)
    SceneLight.convert(picture, from: light, to: light)
    SceneLight.convert(picture, from: light, to: display)
    // A factor and its inverse, each rounded.
    for (index, value) in values.enumerated() { #expect(abs(picture.colours[index] - value) < 1e-4) }
  }
}

extension Float {
  fileprivate func power(_ count: Int) -> Float {
    let size = (0..<abs(count)).reduce(1.0) { result, _ in result * Double(self) }
    return Float(count < 0 ? 1 / size : size)
  }
}
