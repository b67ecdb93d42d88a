import Threading

/// Passes over a whole activation, for what no convolution takes along.
public enum ActivationPass {
  /// Values that one task takes.
  private static let valuesPerTask = 1 << 15

  private static func tasks(pixels: Int, channels: Int) -> StripTasks {
    StripTasks(strips: max(1, (pixels * channels + valuesPerTask - 1) / valuesPerTask))
  }

  /// The tasks whose sums ``Moments`` adds.
  public static func taskCount(pixels: Int, channels: Int) -> Int { tasks(pixels: pixels, channels: channels).tasks }

  /// `output = f(r(in))`, with `in` as `input` describes it, `r` ReLU if the output rectifies, `f` the scaled tanh if given.
  ///
  /// Bias of the output and materialization of the input are not looked at. The output may be the input's own memory.
  public static func forward(
    _ input: ActivationInput, pixels: Int, channels: Int, scaling: PictureScaling = PictureScaling(tanh: nil),
    output: ActivationOutput, pool: ComputePool
  ) {
    let tasks = tasks(pixels: pixels, channels: channels)
    pool.parallelFor(tasks.tasks) { task in
      let first = task * pixels / tasks.tasks
      let end = (task + 1) * pixels / tasks.tasks
      let moments = output.moments.map { $0 + task * 2 * channels }
      moments?.update(repeating: 0, count: 2 * channels)
      for channel in stride(from: 0, to: channels, by: laneCount) {
        guard first < end else { break }
        let block = channel * pixels
        var sums = MomentSums(
          pivot: value(input, at: block + first * laneCount, channel: channel, scaling, output.rectifies))
        for pixel in first..<end {
          let offset = block + pixel * laneCount
          let value = value(input, at: offset, channel: channel, scaling, output.rectifies)
          sums.add(value)
          store(value, output.values + offset)
        }
        sums.count(end - first)
        if let moments { sums.flush(into: moments, channel: channel, channels: channels) }
      }
    }
  }

  @inline(__always)
  private static func value(
    _ input: ActivationInput, at offset: Int, channel: Int, _ scaling: PictureScaling, _ rectifies: Bool
  ) -> Lanes {
    let value = value(input, at: offset, channel: channel)
    return scaling.apply(rectifies ? rectified(value) : value)
  }

  /// Eight channels of one pixel as `input` describes them.
  @inline(__always)
  static func value(_ input: ActivationInput, at offset: Int, channel: Int) -> Lanes {
    var value = load(input.values + offset)
    if let scale = input.scale, let shift = input.shift {
      value = load(shift + channel).addingProduct(load(scale + channel), value)
    }
    if input.rectifies { value = rectified(value) }
    if let residual = input.residual { value += load(residual + offset) }
    return value
  }
}
