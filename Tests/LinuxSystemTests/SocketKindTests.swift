// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Addresses
@testable import LinuxSystem

@Suite struct SocketKindTests {
    @Test func `each kind has its own scheme`() {
        #expect(Set(SocketKind.allCases.map(\.scheme.description)).count == SocketKind.allCases.count)
        for kind in SocketKind.allCases {
            #expect(EndpointScheme(rawValue: kind.scheme.description)?.kind == kind)
        }
        #expect(EndpointScheme.systemd.kind == nil)
    }

    @Test func `a kind moves bytes, messages or datagrams`() {
        #expect(SocketKind.allCases.filter(\.isByteStream) == [.tcp, .unixStream, .vsock])
        #expect(SocketKind.allCases.filter(\.isDatagram) == [.udp, .unixDatagram, .can, .rds])
        #expect(SocketKind.allCases.filter { !$0.isByteStream && !$0.isDatagram } == [.unixSeqpacket])
        #expect(SocketKind.allCases.filter(\.isUnix) == [.unixStream, .unixSeqpacket, .unixDatagram])
    }

    @Test(arguments: [
        (SocketKind.tcp, SocketAddress.ipv4(.loopback, port: 0)), (.udp, .ipv4(.loopback, port: 0)),
        (.udp, .ipv6(.loopback, port: 0, scope: 0)), (.unixStream, .unnamed), (.unixDatagram, .unnamed),
        (.unixSeqpacket, .unnamed),
    ])
    func `each kind makes a socket of its type`(kind: SocketKind, address: SocketAddress) throws {
        let socket = try kind.makeSocket(for: address)
        #expect(try CInt(SocketOption.socketType.value(of: socket.raw)) == kind.type)
    }
}
