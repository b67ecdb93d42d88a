/// The destination of a kernel and the operations on each value before it is written: `r(y + bias) + residual`, where
/// `r` is ReLU or the identity.
///
/// With `moments`, the kernel also sums the statistics of an instance norm, which saves a pass over the output. The
/// caller owns all memory.
public struct ActivationOutput: @unchecked Sendable {
  /// The destination, in ``layout``: `[N, C/8, H, W, 8]` or `[N, H, W, C]`.
  package var values: UnsafeMutablePointer<Float>
  /// The memory layout of the values and the residual.
  package var layout: ActivationLayout
  /// The bias, `[C]`; nil for none.
  package var bias: UnsafePointer<Float>?
  /// Whether negative values become 0.
  package var appliesReLU: Bool
  /// An activation of the same shape and layout that is added last; nil for none. It must not be the output itself,
  /// cannot be combined with moments, and needs a kernel whose ``ConvolutionKernel/addsResidual`` is true.
  package var residual: UnsafePointer<Float>?
  /// The sums of each task, see ``Moments``; nil if no norm follows.
  package var moments: UnsafeMutablePointer<Double>?

  /// Creates an output.
  public init(
    _ values: UnsafeMutablePointer<Float>, layout: ActivationLayout = .blocks, bias: UnsafePointer<Float>? = nil,
    appliesReLU: Bool = false, residual: UnsafePointer<Float>? = nil, moments: UnsafeMutablePointer<Double>? = nil
  ) {
    self.values = values
    self.layout = layout
    self.bias = bias
    self.appliesReLU = appliesReLU
    self.residual = residual
    self.moments = moments
  }
}

extension ActivationOutput {
  /// Returns where `task` adds up the sums of `channels`, after setting them to zero; nil if no norm follows.
  @inline(__always)
  func beginMoments(task: Int, channels: Int) -> UnsafeMutablePointer<Double>? {
    let moments = moments.map { $0 + task * 2 * channels }
    moments?.update(repeating: 0, count: 2 * channels)
    return moments
  }
}

/// Sums of the values and of their squares in each channel, from which mean and variance follow.
///
/// Each task of a kernel has its own `[2, C]` doubles, so that results do not depend on the number of threads. Within a
/// strip the sums are in single precision and relative to a pivot, a value of the strip itself. The variance therefore
/// stays accurate even if the mean is a thousand times larger.
package enum Moments {
  /// Returns the number of doubles for a kernel with `tasks` tasks.
  package static func count(tasks: Int, channels: Int) -> Int { tasks * 2 * channels }

  /// Converts the sums of `tasks` tasks into the affine map of the norm: `scale = γ / √(σ² + ε)`,
  /// `shift = β − μ·scale`.
  ///
  /// `μ` and the biased `σ²` are taken over `pixels` values of each channel. `gamma`, `beta`, `scale` and `shift` are
  /// `[C]`. ε is ``InstanceNorm/epsilon``.
  ///
  /// The norm may be after a pixel shuffle: the sums are those of `summed` channels before it, of which `places`
  /// neighbours become one.
  package static func finish(
    _ moments: UnsafePointer<Double>, tasks: Int, channels: Int, pixels: Int, gamma: UnsafePointer<Float>,
    beta: UnsafePointer<Float>, scale: UnsafeMutablePointer<Float>, shift: UnsafeMutablePointer<Float>,
    summed: Int? = nil, places: Int = 1
  ) {
    let summed = summed ?? channels
    for channel in 0..<channels {
      var (sum, squares) = (0.0, 0.0)
      for task in 0..<tasks {
        for place in channel * places..<min((channel + 1) * places, max(summed, channel * places)) {
          sum += moments[task * 2 * summed + place]
          squares += moments[(task * 2 + 1) * summed + place]
        }
      }
      let mean = sum / Double(pixels)
      let variance = max(0, squares / Double(pixels) - mean * mean)
      let factor = Double(gamma[channel]) / (variance + Double(InstanceNorm.epsilon)).squareRoot()
      scale[channel] = Float(factor)
      shift[channel] = Float(Double(beta[channel]) - mean * factor)
    }
  }
}

/// The sums of eight channels over one strip.
struct MomentSums {
  private let pivot: Lanes
  private var sum = Lanes.zero
  private var squares = Lanes.zero
  private var count = 0

  @inline(__always)
  init(pivot: Lanes) { self.pivot = pivot }

  @inline(__always)
  mutating func add(_ value: Lanes) {
    let difference = value - pivot
    sum += difference
    squares = squares.addingProduct(difference, difference)
  }

  /// Counts `pixels` added values.
  @inline(__always)
  mutating func count(_ pixels: Int) { count += pixels }

  /// Adds the sums, converted from the pivot back to zero, to those of a task.
  @inline(__always)
  func flush(into moments: UnsafeMutablePointer<Double>, channel: Int, channels: Int) {
    for lane in 0..<laneCount {
      let (pivot, sum, squares) = (Double(pivot[lane]), Double(sum[lane]), Double(squares[lane]))
      let count = Double(count)
      moments[channel + lane] += sum + count * pivot
      moments[channels + channel + lane] += squares + pivot * (2 * sum + count * pivot)
    }
  }
}

/// Writes eight channels of a strip, run by run, and sums them if a norm follows.
struct BlockWriter {
  private let output: ActivationOutput
  private let channel: Int
  private let channels: Int
  private let bias: Lanes
  private let gathers: Bool
  /// The number of floats between neighbouring pixels of the output.
  private let pixelStride: Int
  private var sums: MomentSums?

  @inline(__always)
  init(_ output: ActivationOutput, channel: Int, channels: Int, gathers: Bool) {
    self.output = output
    self.channel = channel
    self.channels = channels
    self.gathers = gathers
    pixelStride = output.layout.pixelStride(channels: channels)
    bias = output.bias.map { load($0 + channel) } ?? .zero
  }

  /// Writes `pixels` values, `step` floats apart, to neighbouring pixels from `offset` of the output.
  @inline(__always)
  mutating func write(_ source: UnsafePointer<Float>, step: Int, pixels: Int, to offset: Int) {
    var (source, target) = (source, output.values + offset)
    let appliesReLU = output.appliesReLU
    guard gathers else {
      if var residual = output.residual.map({ $0 + offset }) {
        for _ in 0..<pixels {
          let value = load(source) + bias
          store((appliesReLU ? rectified(value) : value) + load(residual), target)
          source += step
          target += pixelStride
          residual += pixelStride
        }
        return
      }
      for _ in 0..<pixels {
        let value = load(source) + bias
        store(appliesReLU ? rectified(value) : value, target)
        source += step
        target += pixelStride
      }
      return
    }
    // Use the value after ReLU as the pivot: a value that ReLU clamps may lie far from all others.
    let first = load(source) + bias
    var sums = self.sums ?? MomentSums(pivot: appliesReLU ? rectified(first) : first)
    for _ in 0..<pixels {
      var value = load(source) + bias
      if appliesReLU { value = rectified(value) }
      sums.add(value)
      store(value, target)
      source += step
      target += pixelStride
    }
    sums.count(pixels)
    self.sums = sums
  }

  /// Adds the sums of the strip to those of its task.
  @inline(__always)
  func finish(_ moments: UnsafeMutablePointer<Double>?) {
    if let moments, let sums { sums.flush(into: moments, channel: channel, channels: channels) }
  }
}
