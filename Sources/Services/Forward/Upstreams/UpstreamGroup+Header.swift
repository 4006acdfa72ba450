// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import ProxyProtocol
import Reactor

extension UpstreamGroup {
    /// A random number that identifies this process among all relays in a chain.
    private static let instance = UInt64.random(in: .min ... .max)

    /// The PROXY header for a connection; nil if none is configured.
    func header(for connection: Session) -> [UInt8]? {
        guard let version = settings.sendProxy else { return nil }
        let origin = connection.identity.origin
        // Only a trail that usher wrote is continued: another unique ID has no hop count, so a loop would never end.
        let trail =
            origin?.trail?.next() ?? ConnectionTrail(instance: Self.instance, connection: connection.identity.number)
        let header = ProxyHeader(
            relaying: connection.identity.peer, to: origin?.header.destination ?? connection.identity.local,
            version: version, transport: connection.identity.kind.isDatagram ? .datagram : .stream,
            uniqueID: .trail(trail),
            authority: origin?.header.authority)
        return Self.bytes(of: header)
    }

    /// The PROXY header for a check, which has no client: section 2.2 of the protocol. Nil if none is configured.
    func header(forCheckOf upstream: SocketAddress, from stream: borrowing Stream) throws(SystemError) -> [UInt8]? {
        switch settings.sendProxy {
        case nil: return nil
        case .v1:
            let own = try stream.localAddress()
            return Self.bytes(of: ProxyHeader(relaying: own, to: upstream, version: .v1))
        case .v2:
            return Self.bytes(of: ProxyHeader(version: .v2, command: .local))
        }
    }

    private static func bytes(of header: ProxyHeader) -> [UInt8] {
        var bytes: [UInt8] = []
        header.append(to: &bytes)
        return bytes
    }
}
