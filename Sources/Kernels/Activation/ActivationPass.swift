import Threading

/// Passes over a whole activation, for operations that no convolution can include.
package enum ActivationPass {
  /// The number of values in a task.
  private static let valuesPerTask = 1 << 15

  private static func tasks(pixels: Int, channels: Int) -> StripTasks {
    StripTasks(strips: max(1, (pixels * channels + valuesPerTask - 1) / valuesPerTask))
  }

  /// Returns the number of tasks whose sums ``Moments`` adds.
  package static func taskCount(pixels: Int, channels: Int) -> Int { tasks(pixels: pixels, channels: channels).tasks }

  /// Computes `output = f(in)`, where `in` is what `input` describes and `f` is `function`.
  ///
  /// The pass uses the values and the moments of the output and ignores `materialized` of the input. The output may be
  /// the input's own memory.
  package static func forward(
    _ input: ActivationInput, pixels: Int, channels: Int, function: PointwiseFunction = .identity,
    output: ActivationOutput, pool: ComputePool
  ) {
    function.withValue { run(input, pixels: pixels, channels: channels, output: output, pool: pool, $0) }
  }

  @inline(__always)
  private static func run(
    _ input: ActivationInput, pixels: Int, channels: Int, output: ActivationOutput, pool: ComputePool,
    _ function: (_ value: Lanes) -> Lanes
  ) {
    let tasks = tasks(pixels: pixels, channels: channels)
    pool.parallelFor(tasks.tasks) { task in
      let first = task * pixels / tasks.tasks
      let end = (task + 1) * pixels / tasks.tasks
      let moments = output.beginMoments(task: task, channels: channels)
      for channel in stride(from: 0, to: channels, by: laneCount) {
        guard first < end else { break }
        let block = channel * pixels
        var sums = MomentSums(pivot: function(value(input, at: block + first * laneCount, channel: channel)))
        for pixel in first..<end {
          let offset = block + pixel * laneCount
          let value = function(value(input, at: offset, channel: channel))
          sums.add(value)
          store(value, output.values + offset)
        }
        sums.count(end - first)
        if let moments { sums.flush(into: moments, channel: channel, channels: channels) }
      }
    }
  }

  /// Returns eight channels of one pixel as `input` describes them.
  @inline(__always)
  static func value(_ input: ActivationInput, at offset: Int, channel: Int) -> Lanes {
    var value = load(input.values + offset)
    if let scale = input.scale, let shift = input.shift {
      value = load(shift + channel).addingProduct(load(scale + channel), value)
    }
    if input.appliesReLU { value = rectified(value) }
    if let residual = input.residual { value += load(residual + offset) }
    return value
  }
}
