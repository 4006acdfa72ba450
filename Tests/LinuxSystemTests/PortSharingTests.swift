// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import Addresses
@testable import LinuxSystem

@Suite struct PortSharingTests {
    /// An address of one port.
    enum Place: CaseIterable {
        case loopback4, any4, loopback6, any6, any

        func address(_ port: UInt16) -> SocketAddress {
            switch self {
            case .loopback4: .ipv4(.loopback, port: port)
            case .any4: .ipv4(.any, port: port)
            case .loopback6: .ipv6(.loopback, port: port, scope: 0)
            case .any6, .any: .ipv6(.any, port: port, scope: 0)
            }
        }

        /// The loopback addresses that it takes in.
        var hosts: Set<String> {
            switch self {
            case .loopback4, .any4: ["127.0.0.1"]
            case .loopback6, .any6: ["::1"]
            case .any: ["127.0.0.1", "::1"]
            }
        }

        func listen(
            _ port: UInt16, sharingPortWith others: [ListeningSocket] = []
        ) throws(SystemError) -> ListeningSocket {
            try ListeningSocket(
                kind: .tcp, address: address(port), dualStack: self == .any, options: ListeningOptions(),
                sharingPortWith: others
            )
        }
    }

    private static let overlapping: [(Place, Place)] = [
        (.any, .loopback4), (.any, .any4), (.any, .loopback6), (.any, .any6), (.any4, .loopback4), (.any6, .loopback6),
        (.loopback4, .any4), (.loopback6, .any6), (.loopback4, .any), (.loopback6, .any), (.any4, .any), (.any6, .any),
    ]

    @Test(arguments: overlapping)
    func `two of our sockets may overlap on a port, and share its connections`(old: Place, new: Place) throws {
        var attempts = 0
        while try !overlap(old, new, isLast: attempts == 50) { attempts += 1 }
    }

    /// - Parameter isLast: whether it is an error that the port, which is ours in one family, is another program's in the
    ///   other one.
    private func overlap(_ old: Place, _ new: Place, isLast: Bool) throws -> Bool {
        let first = try old.listen(0)
        let port = try #require(first.address.port)
        #expect(throws: SystemError("bind", errno: EADDRINUSE)) { try new.listen(port) }
        let waiting = try old.hosts.map { try Client(ServerAddress(.ip(host: $0, port: port))) }
        let second: ListeningSocket
        do throws(SystemError) {
            second = try new.listen(port, sharingPortWith: [first])
        } catch {
            guard error.errno == EADDRINUSE, !isLast else { throw error }
            return false
        }
        #expect(try SocketOption.reusePort.value(of: first.raw) == 0)
        #expect(try SocketOption.reusePort.value(of: second.raw) == 0)
        // Who waited still does, at the old one.
        for _ in waiting { _ = try first.nextConnection() }
        for host in new.hosts.union(old.hosts) {
            let client = try Client(ServerAddress(.ip(host: host, port: port)))
            let accepted: OpenFile = try waitFor("a connection") {
                for socket in [first, second] {
                    if let accepted = try socket.accept() {
                        return OpenFile(adopting: accepted.takeDescriptor().relinquish())
                    }
                }
                return nil
            }
            try accepted.write([7])
            #expect(try client.receive(exactly: 1) == [7])
        }
        return true
    }

    /// Whether a process of the same user that asks for SO_REUSEPORT could listen there.
    private func intrudes(_ place: Place, _ port: UInt16) throws -> Bool {
        let address = place.address(port)
        let raw = socket(address.family, CInt(SOCK_STREAM.rawValue), 0)
        guard raw >= 0 else { throw POSIXFailure("socket") }
        let descriptor = OwnedDescriptor(adopting: raw)
        for option in [SocketOption.reuseAddress, .reusePort] { try option.set(1, on: descriptor.raw) }
        if case .ipv6 = address { try SocketOption.v6Only.set(place == .any ? 0 : 1, on: descriptor.raw) }
        return address.withKernelAddress { bind(raw, $0, $1) } == 0 && Glibc.listen(raw, 1) == 0
    }

    @Test(arguments: overlapping.filter { $0.1 != .any }, [true, false])
    func `afterwards no other socket can bind, even with SO_REUSEPORT`(places: (Place, Place), whileBoth: Bool) throws {
        let (old, new) = places
        var first: ListeningSocket? = try old.listen(0)
        let port = try #require(first?.address.port)
        let second = try new.listen(port, sharingPortWith: [try #require(first)])
        let taken = whileBoth ? new.hosts.union(old.hosts) : new.hosts
        if !whileBoth { first = nil }
        for place in Place.allCases where !place.hosts.isDisjoint(with: taken) {
            #expect(try !intrudes(place, port), "\(place)")
        }
        withExtendedLifetime((first, second)) {}
    }

    @Test func `an address in use fails and leaves no port shared`() throws {
        let stranger = try Place.loopback4.listen(0)
        let ours = try ListeningSocket(
            kind: .tcp, address: .ipv4(IPv4Address(0x7f00_0002), port: try #require(stranger.address.port)),
            dualStack: false, options: ListeningOptions())
        let port = try #require(ours.address.port)
        #expect(throws: SystemError("bind", errno: EADDRINUSE)) { try Place.any.listen(port, sharingPortWith: [ours]) }
        #expect(try SocketOption.reusePort.value(of: ours.raw) == 0)
    }

    @Test func `a shared socket stays shared`() throws {
        let first = try Place.loopback4.listen(0)
        try SocketOption.reusePort.set(1, on: first.raw)
        let second = try Place.any4.listen(try #require(first.address.port), sharingPortWith: [first])
        #expect(try SocketOption.reusePort.value(of: first.raw) == 1)
        #expect(try SocketOption.reusePort.value(of: second.raw) == 0)
    }
}
