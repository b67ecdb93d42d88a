import Kernels

/// A map of each channel that no picture changes.
enum ConstantMap {
  /// The batch norm of this name.
  case batchNorm(String)
  /// The same for all channels.
  case affine(PictureAffine)
}

/// Scale and shift of a node that are the same for every picture: stored once, they leave nothing to do in a frame.
struct ConstantStep: PlanStep {
  let node: Int
  let map: ConstantMap
  let channels: Int

  func bound(to binding: inout PlanBinding) throws -> BoundStep? {
    let map = try binding.model.map(map, channels: channels)
    let stored = (channels + 7) / 8 * 8
    let (scale, shift) = binding.norm(node, channels: stored)
    for channel in 0..<stored {
      scale[channel] = channel < channels ? Float(map.scale[channel]) : 0
      shift[channel] = channel < channels ? Float(map.shift[channel]) : 0
    }
    return nil
  }
}
