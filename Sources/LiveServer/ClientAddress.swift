import Foundation
import NIOCore

/// The network address of a client, without the port: an IPv4 address, or the first half of an IPv6 address, because
/// one client has all addresses of its network.
struct ClientAddress: Hashable, Sendable {
  private let bytes: [UInt8]

  /// Returns the address of the other end of `channel`; clients without an address count as one.
  init(of channel: any Channel) { self.init(channel.remoteAddress) }

  init(_ address: SocketAddress?) {
    switch address {
    case .v4(let address): bytes = withUnsafeBytes(of: address.address.sin_addr) { Array($0) }
    case .v6(let address):
      let all = withUnsafeBytes(of: address.address.sin6_addr) { Array($0) }
      // An IPv4 address in IPv6 notation (RFC 4291, 2.5.5.2).
      let isMapped = all.prefix(10).allSatisfy { $0 == 0 } && all[10] == 0xFF && all[11] == 0xFF
      bytes = isMapped ? Array(all.suffix(4)) : Array(all.prefix(8))
    default: bytes = []
    }
  }
}
