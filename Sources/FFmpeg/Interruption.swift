import CFFmpeg

/// A function that libav calls regularly to find out whether to give up a blocking call.
final class Interruption {
  private let shouldInterrupt: (@Sendable () -> Bool)?

  init(_ shouldInterrupt: (@Sendable () -> Bool)?) { self.shouldInterrupt = shouldInterrupt }

  /// Whether to give up the call.
  var isRaised: Bool { shouldInterrupt?() == true }

  /// libav's callback, which is valid as long as this object lives.
  var callback: AVIOInterruptCB {
    guard shouldInterrupt != nil else { return AVIOInterruptCB() }
    return AVIOInterruptCB(
      callback: { opaque in
        guard let opaque else { return 0 }
        return Unmanaged<Interruption>.fromOpaque(opaque).takeUnretainedValue().isRaised ? 1 : 0
      }, opaque: Unmanaged.passUnretained(self).toOpaque())
  }
}
