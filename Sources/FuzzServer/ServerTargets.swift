import Foundation
import FuzzTargets
import Inference
import LiveServer
import Networks
import Streaming
import Threading

extension FuzzTarget {
  /// The targets of the live server.
  public static let server = [header, frame, change, input, gamepad]

  /// The first bytes of a painting that a client uploads.
  static let header = FuzzTarget("header") { input in
    guard let header = PictureHeader(input.bytes) else { return }
    precondition(header.width > 0 && header.height > 0, "an upload without pixels")
  }

  /// A frame of the browser's camera.
  static let frame = FuzzTarget("frame") { input in
    try attempt(PostedFrames.Refusal.self) { try PostedFrames().post(input.bytes, owner: "page") }
  }

  /// The body of a change of a stream.
  static let change = FuzzTarget("change") { input in
    let data = Data(input.bytes)
    try attempt(
      DecodingError.self, ModelError.self, StyleMixerError.self, InferenceError.self, SmallStyles.Missing.self
    ) {
      let change = try JSONDecoder().decode(StyleChange.self, from: data)
      guard change.fault == nil else { return }
      let mixer = StyleMixer(try SmallStyles.style("a"), pool: pool)
      try change.apply(to: mixer, fade: 0.5, load: SmallStyles.style)
    }
  }

  /// A batch of events for a game.
  static let input = FuzzTarget("input") { input in
    let data = Data(input.bytes)
    try attempt(DecodingError.self) {
      let batch = try JSONDecoder().decode(InputBatch.self, from: data)
      precondition(batch.number >= 0 && batch.events.count <= 64, "a batch beyond its limits")
    }
  }

  /// What the parts of a gamepad do.
  static let gamepad = FuzzTarget("gamepad") { input in
    let text = String(decoding: input.bytes, as: UTF8.self)
    try attempt(GamepadMap.Fault.self) { _ = try GamepadMap(text) }
  }

  private static let pool = ComputePool(threads: 1)
}
