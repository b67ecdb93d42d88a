/// The positions of chroma samples along one axis of a picture.
///
/// Chroma sample `c` lies at luma position `c · 2^shift + position`. Between samples, chroma is interpolated linearly.
/// A sample is the mean over the luma samples within `2^shift` around its position, with weights 1 2 1 if it lies on
/// one and 1 1 if it lies between two.
struct ChromaAxis {
  /// For each luma sample, the chroma sample before it.
  private(set) var lowers: [Int32] = []
  /// For each luma sample, the weight of the chroma sample after that of ``lowers``.
  private(set) var fractions: [Float] = []
  /// The number of luma samples of each chroma sample.
  let tapCount: Int
  /// For each chroma sample, its ``tapCount`` luma samples. Those beyond the ends repeat the last sample.
  private(set) var taps: [Int32] = []
  /// The weights of a chroma sample. They add up to 1.
  let weights: [Float]

  /// Creates an axis of `extent` luma samples.
  ///
  /// - Parameters:
  ///   - shift: How often the extent is halved for chroma.
  ///   - position: The position of the first chroma sample in luma samples, if the extent is halved once.
  init(extent: Int, shift: Int, position: Double) {
    let step = 1 << shift
    let first = position * Double(step - 1)
    let count = (extent + step - 1) / step
    for luma in 0..<extent {
      let place = min(Double(count - 1), max(0, (Double(luma) - first) / Double(step)))
      let lower = min(Int(place), max(0, count - 2))
      lowers.append(Int32(lower))
      fractions.append(Float(place - Double(lower)))
    }
    // The box of `step` luma samples around the chroma sample, in whole samples and parts of those at its ends.
    let (start, end) = (first - Double(step) / 2, first + Double(step) / 2)
    let (lowest, highest) = (Int((start + 0.5).rounded(.down)), Int((end + 0.5).rounded(.up)) - 1)
    weights = (lowest...highest).map { sample in
      Float((min(end, Double(sample) + 0.5) - max(start, Double(sample) - 0.5)) / Double(step))
    }
    tapCount = weights.count
    for chroma in 0..<count {
      for tap in lowest...highest { taps.append(Int32(min(extent - 1, max(0, chroma * step + tap)))) }
    }
  }
}
