import Kernels

/// A map of each channel that does not depend on the picture.
enum ConstantMap {
  /// The batch norm of this name.
  case batchNorm(String)
  /// The same map for all channels.
  case affine(PictureAffine)
}

/// Scale and shift of a node that are the same for every picture. They are stored once and cost nothing per frame.
struct ConstantStep: PlanStep {
  let node: Int
  let map: ConstantMap
  let channels: Int

  func bound(to binding: inout PlanBinding) throws -> BoundStep? {
    let map = try binding.model.map(map, channels: channels)
    let stored = ActivationLayout.storedChannels(channels)
    let (scale, shift) = binding.norm(node, channels: stored)
    for channel in 0..<stored {
      scale[channel] = channel < channels ? Float(map.scale[channel]) : 0
      shift[channel] = channel < channels ? Float(map.shift[channel]) : 0
    }
    return nil
  }
}
