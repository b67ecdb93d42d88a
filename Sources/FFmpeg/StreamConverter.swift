/// Converts the packets of one stream to another codec. Used from one thread at a time.
package protocol StreamConverter: AnyObject {
  /// The number of packets that could not be decoded and were left out.
  var damagedPacketCount: Int { get }

  /// Converts a packet, or ends the stream if it is nil.
  ///
  /// - Parameter body: Receives each resulting packet, with times in the time base of the output stream, and may keep
  ///   it.
  /// - Throws: `MediaError` if encoding fails, or the error of `body`. Damaged packets are counted instead.
  func convert(_ packet: Packet?, _ body: (Packet) throws -> Void) throws
}
