/// Where a kernel writes, and what it does to each value on the way: `r(y + bias) + residual`, where `r` is ReLU or nothing.
///
/// With `moments`, the kernel also gathers what the statistics of an instance norm need, so that no pass over the
/// output is spent on them. All memory is the caller's.
public struct ActivationOutput: @unchecked Sendable {
  /// `[N, C/8, H, W, 8]`, or as ``layout`` says.
  public var values: UnsafeMutablePointer<Float>
  /// How the values lie in memory.
  public var layout: ActivationLayout
  /// `[C]`, or nil.
  public var bias: UnsafePointer<Float>?
  /// Whether negative values become 0.
  public var rectifies: Bool
  /// An activation of the same extents and layout, added last, not the output itself; nil means nothing. Not together with moments. For
  /// kernels that ``ConvolutionKernel/addsResidual``.
  public var residual: UnsafePointer<Float>?
  /// Sums of each task, see ``Moments``; nil where no norm follows.
  public var moments: UnsafeMutablePointer<Double>?

  /// An output.
  public init(
    _ values: UnsafeMutablePointer<Float>, layout: ActivationLayout = .blocks, bias: UnsafePointer<Float>? = nil,
    rectifies: Bool = false, residual: UnsafePointer<Float>? = nil, moments: UnsafeMutablePointer<Double>? = nil
  ) {
    self.values = values
    self.layout = layout
    self.bias = bias
    self.rectifies = rectifies
    self.residual = residual
    self.moments = moments
  }
}

extension ActivationOutput {
  /// Where `task` gathers the sums of `channels`, which begin as zeros; nil where no norm follows.
  @inline(__always)
  func beginMoments(task: Int, channels: Int) -> UnsafeMutablePointer<Double>? {
    let moments = moments.map { $0 + task * 2 * channels }
    moments?.update(repeating: 0, count: 2 * channels)
    return moments
  }
}

/// Sums of values and of their squares for each channel: what mean and variance come from.
///
/// Each task of a kernel has its own `[2, C]` doubles, so that results do not depend on the number of threads. Within a strip
/// the sums are single precision about a pivot, a value of the strip itself: the variance of a channel survives a mean
/// that is a thousand times larger.
public enum Moments {
  /// Doubles for a kernel of `tasks` tasks.
  public static func count(tasks: Int, channels: Int) -> Int { tasks * 2 * channels }

  /// Turns the sums of `tasks` tasks into the norm's affine map: `scale = γ / √(σ² + ε)`, `shift = β − μ·scale`.
  ///
  /// `μ` and the biased `σ²` are over `pixels` values of each channel; `gamma`, `beta`, `scale` and `shift` are `[C]`. ε is
  /// ``InstanceNorm/epsilon``.
  public static func finish(
    _ moments: UnsafePointer<Double>, tasks: Int, channels: Int, pixels: Int, gamma: UnsafePointer<Float>,
    beta: UnsafePointer<Float>, scale: UnsafeMutablePointer<Float>, shift: UnsafeMutablePointer<Float>
  ) {
    for channel in 0..<channels {
      var (sum, squares) = (0.0, 0.0)
      for task in 0..<tasks {
        sum += moments[task * 2 * channels + channel]
        squares += moments[(task * 2 + 1) * channels + channel]
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

  /// Adds the sums, moved back from the pivot, to those of a task.
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

/// Writes eight channels of a strip, run by run, and gathers their sums where a norm follows.
struct BlockWriter {
  private let output: ActivationOutput
  private let channel: Int
  private let channels: Int
  private let bias: Lanes
  private let gathers: Bool
  /// Floats from one written pixel to the next.
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

  /// Writes `pixels` values, which lie `step` floats apart, as neighbours from `offset` of the output on.
  @inline(__always)
  mutating func write(_ source: UnsafePointer<Float>, step: Int, pixels: Int, to offset: Int) {
    var (source, target) = (source, output.values + offset)
    let rectifies = output.rectifies
    guard gathers else {
      if var residual = output.residual.map({ $0 + offset }) {
        for _ in 0..<pixels {
          let value = load(source) + bias
          store((rectifies ? rectified(value) : value) + load(residual), target)
          source += step
          target += pixelStride
          residual += pixelStride
        }
        return
      }
      for _ in 0..<pixels {
        let value = load(source) + bias
        store(rectifies ? rectified(value) : value, target)
        source += step
        target += pixelStride
      }
      return
    }
    // A pivot as it is written: a value that ReLU takes away may lie far from all others.
    let first = load(source) + bias
    var sums = self.sums ?? MomentSums(pivot: rectifies ? rectified(first) : first)
    for _ in 0..<pixels {
      var value = load(source) + bias
      if rectifies { value = rectified(value) }
      sums.add(value)
      store(value, target)
      source += step
      target += pixelStride
    }
    sums.count(pixels)
    self.sums = sums
  }

  /// Adds the strip's sums to those of its task.
  @inline(__always)
  func finish(_ moments: UnsafeMutablePointer<Double>?) {
    if let moments, let sums { sums.flush(into: moments, channel: channel, channels: channels) }
  }
}
