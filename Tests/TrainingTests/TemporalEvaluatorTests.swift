import Foundation
import Imaging
import Tensors
import TestSupport
import Testing
import Threading
import Training

/// Styles with known temporal stability.
@Suite struct TemporalEvaluatorTests {
  private static let photo = Picture(tensor: syntheticImage(width: 120, height: 110, seed: 3))
  private static let grey = Picture(width: 100, height: 100, red: 120, green: 130, blue: 140)

  private func report(
    _ photo: Picture, denoises: Bool = false, _ stylize: @escaping (Tensor) -> Tensor
  ) -> TemporalReport {
    TemporalEvaluator(size: 64, denoises: denoises, pool: ComputePool(threads: 2), stylize: stylize).report(
      photo: photo)
  }

  private static func mapped(_ image: Tensor, _ transform: (Float) -> Float) -> Tensor {
    Tensor(image.shape, elements: image.elements.map(transform))
  }

  private func warpings(_ report: TemporalReport) -> [TemporalMeasurement] {
    [report.pan, report.subpixel, report.zoom, report.rotation, report.warping]
  }

  @Test func theIdentityIsAsStableAsTheInput() {
    let report = report(Self.photo) { $0 }
    for part in warpings(report) + [report.still] { #expect(part.output == part.input) }
    // The photo has noise of up to 63 levels, which the interpolation smooths, so the input has an error too.
    #expect(warpings(report).allSatisfy { $0.input > 0.1 })
    // Noise of σ = 2, rounded to integers, has a deviation of √(4 + 1/12), and less where it is clamped.
    #expect(abs(report.still.input - 2.02) < 0.05, "\(report.still)")
  }

  /// Averaging with a weight of a quarter leaves 0.38 of the noise's deviation, and rounding to integers adds to it.
  @Test func denoisingStabilizesTheStillAndDoesNotAffectMotion() {
    let (plain, denoised) = (report(Self.photo) { $0 }, report(Self.photo, denoises: true) { $0 })
    #expect(abs(denoised.still.output / denoised.still.input - 0.4) < 0.05, "\(denoised.still)")
    // In motion, the noisy photo changes by more than the denoiser's threshold.
    #expect(abs(denoised.pan.output - plain.pan.output) < 0.02 * plain.pan.output)
  }

  @Test func aConstantOutputIsPerfectlyStable() {
    let report = report(Self.photo) { Tensor($0.shape, elements: [Float](repeating: 77, count: $0.count)) }
    // Bicubic weights add up to 1 within rounding.
    for part in warpings(report) + [report.still] { #expect(part.output < 1e-3) }
  }

  @Test func halfTheContrastHasHalfTheError() {
    let report = report(Self.photo) { Self.mapped($0) { 60 + 0.5 * $0 } }
    for part in warpings(report) + [report.still] { #expect(abs(part.output - 0.5 * part.input) < 1e-3 * part.input) }
  }

  @Test func flickerIsMeasuredInLevels() {
    var isHigh = false
    let report = report(Self.grey) { frame in
      isHigh.toggle()
      return Self.mapped(frame) { $0 + (isHigh ? 5 : -5) }
    }
    // A grey input has no error. Consecutive output frames differ by 10 levels.
    for part in warpings(report) {
      #expect(part.input < 1e-3)
      #expect(abs(part.output - 10) < 1e-3)
    }
    // Eight values of ±5 have an unbiased variance of 25·8/7, to which the noise adds.
    let expected = (25 * 8 / 7.0 + report.still.input * report.still.input).squareRoot()
    #expect(abs(report.still.output - expected) < 0.1, "\(report.still) for \(expected)")
  }

  @Test func aTextureFixedToTheScreenIsUnstableInMotion() {
    // The shower-door effect: the texture does not depend on the photo. It is stable in the still and wrong in motion.
    let texture = syntheticImage(width: 64, height: 64, seed: 9)
    let report = report(Self.grey) { _ in texture }
    #expect(report.still.output == 0)
    #expect(report.pan.output > 10 && report.rotation.output > 10)
    #expect(report.subpixel.output < report.pan.output)
  }

  @Test func outputsAreClamped() {
    let report = report(Self.photo) { Self.mapped($0) { $0 * 1e6 + 300 } }
    for part in warpings(report) { #expect(part.output < 1e-3) }
  }
}
