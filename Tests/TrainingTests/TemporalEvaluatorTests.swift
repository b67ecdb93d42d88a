import Foundation
import Imaging
import Tensors
import TestSupport
import Testing
import Threading
import Training

/// Styles whose steadiness can be told in advance.
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

  @Test func aStyleThatChangesNothingIsAsSteadyAsTheFilm() {
    let report = report(Self.photo) { $0 }
    for part in warpings(report) + [report.still] { #expect(part.output == part.input) }
    // The photo's own noise of up to 63 levels is fine detail that rotation smooths: the film has an error of its own.
    #expect(warpings(report).allSatisfy { $0.input > 0.1 })
    // Noise of 2, rounded to whole levels: √(4 + 1/12), less where it is clamped.
    #expect(abs(report.still.input - 2.02) < 0.05, "\(report.still)")
  }

  /// Noise averaged at a quarter keeps 0.38 of its deviation, and what rounding to whole levels adds.
  @Test func aDenoisedStillIsSteadierThanTheFilmAndMotionIsAsItWas() {
    let (plain, denoised) = (report(Self.photo) { $0 }, report(Self.photo, denoises: true) { $0 })
    #expect(abs(denoised.still.output / denoised.still.input - 0.4) < 0.05, "\(denoised.still)")
    // A photo of noise changes by more than what is averaged.
    #expect(abs(denoised.pan.output - plain.pan.output) < 0.02 * plain.pan.output)
  }

  @Test func onePictureForEverythingIsPerfectlySteady() {
    let report = report(Self.photo) { Tensor($0.shape, elements: [Float](repeating: 77, count: $0.count)) }
    // Bicubic weights add up to 1 but for rounding.
    for part in warpings(report) + [report.still] { #expect(part.output < 1e-3) }
  }

  @Test func halfTheContrastIsHalfTheError() {
    let report = report(Self.photo) { Self.mapped($0) { 60 + 0.5 * $0 } }
    for part in warpings(report) + [report.still] { #expect(abs(part.output - 0.5 * part.input) < 1e-3 * part.input) }
  }

  @Test func flickerIsMeasuredInLevels() {
    var isHigh = false
    let report = report(Self.grey) { frame in
      isHigh.toggle()
      return Self.mapped(frame) { $0 + (isHigh ? 5 : -5) }
    }
    // A grey photo has no error of its own; each frame is 10 levels from the one before.
    for part in warpings(report) {
      #expect(part.input < 1e-3)
      #expect(abs(part.output - 10) < 1e-3)
    }
    // Eight values of ±5 have the unbiased variance 25·8/7, beside the noise's.
    let expected = (25 * 8 / 7.0 + report.still.input * report.still.input).squareRoot()
    #expect(abs(report.still.output - expected) < 0.1, "\(report.still) for \(expected)")
  }

  @Test func textureThatSticksToTheScreenIsUnsteadyWhereThePictureMoves() {
    // "Shower door": the same texture whatever the photo shows. It is steady in the still, and wrong wherever something moves.
    let texture = syntheticImage(width: 64, height: 64, seed: 9)
    let report = report(Self.grey) { _ in texture }
    #expect(report.still.output == 0)
    #expect(report.pan.output > 10 && report.rotation.output > 10)
    #expect(report.subpixel.output < report.pan.output)
  }

  @Test func clampedOutputsCount() {
    let report = report(Self.photo) { Self.mapped($0) { $0 * 1e6 + 300 } }
    for part in warpings(report) { #expect(part.output < 1e-3) }
  }
}
