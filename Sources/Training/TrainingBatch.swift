import Tensors

/// The photos of one step and, optionally, a later frame for each of them.
public struct TrainingBatch: @unchecked Sendable {
  /// The photos, `[N, S, S, 3]`, RGB 0…255.
  package let photos: Tensor
  /// The later frames, for training temporal stability.
  package let later: LaterFrames?

  /// Creates a batch.
  public init(photos: Tensor, later: LaterFrames? = nil) {
    self.photos = photos
    self.later = later
  }
}

/// Frames that follow the photos of a batch, rendered from the same photos with motion, noise and a change of lighting.
public struct LaterFrames: @unchecked Sendable {
  /// The frames, `[N, S, S, 3]`, RGB 0…255.
  package let frames: Tensor
  /// The position (x, y) of each pixel of a frame in the photo, `[N, S, S, 2]`.
  package let positions: Tensor
  /// The change of each pixel's luma, without the noise, `[N, S, S, 1]`.
  package let change: Tensor
  /// 1 for each pixel that is visible in the photo, else 0, `[N, S, S, 1]`.
  package let mask: Tensor

  /// Allocates uninitialized frames for `batchSize` photos of `size` × `size` pixels.
  init(batchSize: Int, size: Int) {
    func tensor(_ channels: Int) -> Tensor {
      Tensor(Shape(batch: batchSize, height: size, width: size, channels: channels), zeroed: false)
    }
    frames = tensor(3)
    positions = tensor(2)
    change = tensor(1)
    mask = tensor(1)
  }
}
