import Tensors

extension Reference {
  /// Reduction by area averaging: each output pixel is the mean of the rectangle that it covers.
  ///
  /// `input` is `[N, H, W, C]`, the output is `[N, height, width, C]`.
  package static func areaReduction(_ input: ReferenceTensor, height: Int, width: Int) -> ReferenceTensor {
    let (rows, columns) = (overlaps(input.shape.height, height), overlaps(input.shape.width, width))
    return resampled(input, rows: rows, columns: columns)
  }

  /// The gradient of ``areaReduction(_:height:width:)`` with respect to an input of `height` × `width`.
  package static func areaReductionBackward(_ gradient: ReferenceTensor, height: Int, width: Int) -> ReferenceTensor {
    let (rows, columns) = (overlaps(height, gradient.shape.height), overlaps(width, gradient.shape.width))
    return resampledBackward(gradient, rows: rows, columns: columns)
  }

  /// Bilinear interpolation at the centres of the blocks of `step` × `step` pixels of a `height` × `width` picture,
  /// clamped at the borders.
  package static func enlargement(_ input: ReferenceTensor, height: Int, width: Int, step: Int = 1) -> ReferenceTensor {
    resampled(
      input, rows: tents(input.shape.height, height, step: step), columns: tents(input.shape.width, width, step: step))
  }

  /// The gradient of ``enlargement(_:height:width:step:)`` with respect to an input of `canvasHeight` × `canvasWidth`.
  package static func enlargementBackward(
    _ gradient: ReferenceTensor, height: Int, width: Int, step: Int = 1, canvasHeight: Int, canvasWidth: Int
  ) -> ReferenceTensor {
    resampledBackward(
      gradient, rows: tents(canvasHeight, height, step: step), columns: tents(canvasWidth, width, step: step))
  }

  /// The sharpened draft, which is then enlarged to `height` × `width`: along each axis `x + a·(2x − left − right)`
  /// with repeated borders, where `a = s/(1 − 3s)` and `s` is half the mean distance of the picture's pixels from the
  /// nearest pixel of the draft.
  package static func sharpened(_ input: ReferenceTensor, height: Int, width: Int) -> ReferenceTensor {
    let shape = input.shape
    func gain(_ inputs: Int, _ outputs: Int) -> Double {
      let distances = (0..<outputs).map { output -> Double in
        let position = (Double(output) + 0.5) * Double(inputs) / Double(outputs) - 0.5
        let inside = min(max(position, 0), Double(inputs - 1))
        return abs(inside - inside.rounded())
      }
      let share = distances.reduce(0, +) / Double(2 * outputs)
      return share / (1 - 3 * share)
    }
    let (down, across) = (gain(shape.height, height), gain(shape.width, width))
    func filtered(_ source: ReferenceTensor, _ gain: Double, dy: Int, dx: Int) -> ReferenceTensor {
      var output = source
      for image in 0..<shape.batch {
        for y in 0..<shape.height {
          for x in 0..<shape.width {
            for channel in 0..<shape.channels {
              let before = source[image, max(y - dy, 0), max(x - dx, 0), channel]
              let behind = source[image, min(y + dy, shape.height - 1), min(x + dx, shape.width - 1), channel]
              output[image, y, x, channel] += gain * (2 * source[image, y, x, channel] - before - behind)
            }
          }
        }
      }
      return output
    }
    return filtered(filtered(input, down, dy: 1, dx: 0), across, dy: 0, dx: 1)
  }

  /// The luma of RGB (ITU-R BT.601): `[N, H, W, 3]` → `[N, H, W, 1]`.
  package static func luma(_ input: ReferenceTensor) -> ReferenceTensor {
    let shape = input.shape
    var output = ReferenceTensor(Shape(batch: shape.batch, height: shape.height, width: shape.width, channels: 1))
    for pixel in output.elements.indices {
      let colours = input.elements[3 * pixel..<3 * pixel + 3].map { $0 }
      output.elements[pixel] = 0.299 * colours[0] + 0.587 * colours[1] + 0.114 * colours[2]
    }
    return output
  }

  /// The values that a revision reads for each block of 2×2 pixels. `film` is `[N, H, W, 3]`, `draft` is
  /// `[N, h, w, 3]`, the output is `[N, ⌈H/2⌉, ⌈W/2⌉, 8]`.
  ///
  /// - Parameter luma: The luma of `film` if it is rounded to bytes; nil to compute it.
  package static func revisionInput(
    film: ReferenceTensor, draft: ReferenceTensor, luma given: ReferenceTensor? = nil
  ) -> ReferenceTensor {
    let (shape, canvas) = (film.shape, draft.shape)
    let canvasLuma = areaReduction(luma(film), height: canvas.height, width: canvas.width)
    let enlarged = enlargement(canvasLuma, height: shape.height, width: shape.width)
    let centredLuma = enlargement(canvasLuma, height: shape.height, width: shape.width, step: 2)
    let centred = enlargement(draft, height: shape.height, width: shape.width, step: 2)
    let film = given ?? luma(film)
    var output = ReferenceTensor(
      Shape(batch: shape.batch, height: (shape.height + 1) / 2, width: (shape.width + 1) / 2, channels: 8))
    for image in 0..<shape.batch {
      for row in 0..<output.shape.height {
        for column in 0..<output.shape.width {
          for place in 0..<4 {
            let (y, x) = (min(2 * row + place / 2, shape.height - 1), min(2 * column + place % 2, shape.width - 1))
            output[image, row, column, place] = (film[image, y, x, 0] - enlarged[image, y, x, 0]) / 64
          }
          for colour in 0..<3 {
            output[image, row, column, 4 + colour] = (centred[image, row, column, colour] - 127.5) / 127.5
          }
          output[image, row, column, 7] = (centredLuma[image, row, column, 0] - 127.5) / 127.5
        }
      }
    }
    return output
  }

  /// `base + 64·residual`, with the residual `[N, ⌈H/2⌉, ⌈W/2⌉, 12]` shuffled to pixels.
  package static func addingBlocks(_ base: ReferenceTensor, _ residual: ReferenceTensor) -> ReferenceTensor {
    var output = base
    for image in 0..<base.shape.batch {
      for y in 0..<base.shape.height {
        for x in 0..<base.shape.width {
          for colour in 0..<3 {
            output[image, y, x, colour] += 64 * residual[image, y / 2, x / 2, 4 * colour + y % 2 * 2 + x % 2]
          }
        }
      }
    }
    return output
  }

  // MARK: Separable maps

  /// The weight of input `j` in output `i`: `[outputs][inputs]`.
  private typealias Weights = [[Double]]

  private static func overlaps(_ inputs: Int, _ outputs: Int) -> Weights {
    let stretch = Double(inputs) / Double(outputs)
    return (0..<outputs).map { output in
      (0..<inputs).map { input in
        let (first, last) = (Double(output) * stretch, Double(output + 1) * stretch)
        return max(0, min(last, Double(input + 1)) - max(first, Double(input))) / stretch
      }
    }
  }

  private static func tents(_ inputs: Int, _ extent: Int, step: Int) -> Weights {
    (0..<(extent + step - 1) / step).map { output in
      let centre = Double(step) * (Double(output) + 0.5) * Double(inputs) / Double(extent) - 0.5
      let position = min(max(centre, 0), Double(inputs - 1))
      return (0..<inputs).map { max(0, 1 - abs(position - Double($0))) }
    }
  }

  private static func resampled(_ input: ReferenceTensor, rows: Weights, columns: Weights) -> ReferenceTensor {
    let shape = input.shape
    var output = ReferenceTensor(
      Shape(batch: shape.batch, height: rows.count, width: columns.count, channels: shape.channels))
    forEachProduct(shape, rows, columns) { image, y, x, i, j, channel, weight in
      output[image, y, x, channel] += weight * input[image, i, j, channel]
    }
    return output
  }

  private static func resampledBackward(
    _ gradient: ReferenceTensor, rows: Weights, columns: Weights
  ) -> ReferenceTensor {
    let shape = Shape(
      batch: gradient.shape.batch, height: rows[0].count, width: columns[0].count, channels: gradient.shape.channels)
    var inputGradient = ReferenceTensor(shape)
    forEachProduct(shape, rows, columns) { image, y, x, i, j, channel, weight in
      inputGradient[image, i, j, channel] += weight * gradient[image, y, x, channel]
    }
    return inputGradient
  }

  private static func forEachProduct(
    _ shape: Shape, _ rows: Weights, _ columns: Weights,
    _ body: (_ image: Int, _ y: Int, _ x: Int, _ i: Int, _ j: Int, _ channel: Int, _ weight: Double) -> Void
  ) {
    let taps = { (weights: [Double]) in weights.indices.filter { weights[$0] > 0 } }
    let (rowTaps, columnTaps) = (rows.map(taps), columns.map(taps))
    for image in 0..<shape.batch {
      for y in rows.indices {
        for x in columns.indices {
          for i in rowTaps[y] {
            for j in columnTaps[x] {
              for channel in 0..<shape.channels { body(image, y, x, i, j, channel, rows[y][i] * columns[x][j]) }
            }
          }
        }
      }
    }
  }
}
