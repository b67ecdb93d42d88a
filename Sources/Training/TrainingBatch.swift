import Tensors

/// The photos of one step, and perhaps what each of them looks like a moment later.
public struct TrainingBatch: @unchecked Sendable {
  /// `[N, S, S, 3]`, RGB 0…255.
  public let photos: Tensor
  /// The later moment, where steadiness is trained.
  public let later: LaterFrames?

  /// A batch of `photos` with or without later frames.
  public init(photos: Tensor, later: LaterFrames? = nil) {
    self.photos = photos
    self.later = later
  }
}

/// Frames that follow the photos of a batch, made from the same photos by a motion, noise and a change of light.
public struct LaterFrames: @unchecked Sendable {
  /// `[N, S, S, 3]`, RGB 0…255.
  public let frames: Tensor
  /// `[N, S, S, 2]`: where in the photo each pixel of the frame was, as (x, y).
  public let positions: Tensor
  /// `[N, S, S, 1]`: how much brighter its luminance has become, without the noise.
  public let change: Tensor
  /// `[N, S, S, 1]`: 1 where the pixel was in the photo, else 0.
  public let mask: Tensor

  /// Unset frames for `batchSize` photos of `size` × `size`.
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
