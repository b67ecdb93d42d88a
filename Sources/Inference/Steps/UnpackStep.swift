import Kernels

/// Converts the picture to an activation, with blocks of `factor` × `factor` pixels as channels.
struct UnpackStep: PlanStep {
  let affine: PictureAffine
  let factor: Int
  let output: Int

  var activations: [Int] { [output] }

  func scratchCount(threads: Int) -> Int { PicturePass.scratchCount(factor: factor, threads: threads) }

  func bound(to binding: inout PlanBinding) throws -> BoundStep? {
    let (extent, affine, factor) = (binding.extents[output], affine, factor)
    let target = binding.place(output)
    let map = binding.pictureMap(
      ConvolutionGeometry(
        batch: 1, height: factor * extent.height, width: factor * extent.width, inputChannels: 3, outputChannels: 3,
        kernel: 1, padding: 0, paddingMode: .zeros))
    return BoundStep(name: "picture \(extent)") { frame in
      PicturePass.unpack(
        frame.input, map: map, affine: affine, factor: factor, height: extent.height, width: extent.width,
        output: target, scratch: frame.scratch, pool: frame.pool)
    }
  }
}
