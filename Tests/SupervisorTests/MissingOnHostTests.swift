// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import LinuxSystem
import Testing

@testable import Supervisor

@Suite struct MissingOnHostTests {
    private func awaited(
        _ address: String, _ operation: StaticOperation, _ errno: CInt
    ) throws -> (key: SocketKey, failure: ListenFailure) {
        var settings = try listener(address)
        settings.listen[0] = try #require(settings.listen.first)
        let failure = ListenFailure(
            listener: "x", address: settings.listen[0], cause: .system(SystemError(operation, errno: errno)))
        return (try #require(settings.wantedSockets.first).key, failure)
    }

    @Test(
        arguments: [
            ("tcp://192.0.2.1:7", "bind", EADDRNOTAVAIL, true), ("udp://[2001:db8::1]:7", "bind", EADDRNOTAVAIL, true),
            ("tcp://[fe80::1%nic]:7", "bind", ENODEV, true), ("udp://239.1.1.1:7", "setsockopt", ENODEV, true),
            ("udp://239.1.1.1:7?interface=nic", "setsockopt", ENODEV, true),
            ("tcp://192.0.2.1:7", "bind", EADDRINUSE, false), ("tcp://192.0.2.1:7", "bind", EACCES, false),
            ("tcp://[::1]:7", "socket", EAFNOSUPPORT, false), ("udp://239.1.1.1:7", "setsockopt", EADDRNOTAVAIL, false),
            ("vsock://local:7", "bind", EADDRNOTAVAIL, false), ("rds://192.0.2.1:7", "bind", EADDRNOTAVAIL, false),
            ("can://lo", "bind", ENODEV, false), ("unix:///run/x", "bind", EADDRNOTAVAIL, false),
        ] as [(String, StaticOperation, CInt, Bool)])
    func `only a missing address, interface or route to a group is awaited`(
        address: String, operation: StaticOperation, errno: CInt, isAwaited: Bool
    ) throws {
        #expect(try awaited(address, operation, errno).failure.isAwaited == isAwaited)
    }

    @Test(
        arguments: [
            (
                "tcp://192.0.2.1:7", "bind", EADDRNOTAVAIL, "192.0.2.1 missing",
                "this host does not have the address 192.0.2.1 of tcp://192.0.2.1:7; usherd listens there when it is added"
                    + " (`ip address` shows the addresses)"
            ),
            (
                "udp://[fe80::1%nic]:7", "bind", EADDRNOTAVAIL, "[fe80::1] missing",
                "this host does not have the address [fe80::1] of udp://[fe80::1%nic]:7; usherd listens there when it is added"
                    + " (`ip address` shows the addresses)"
            ),
            (
                "tcp://[fe80::1%nic]:7", "bind", ENODEV, "nic missing",
                "this host has no interface nic for tcp://[fe80::1%nic]:7; usherd listens there when an interface has this name"
                    + " (`ip link` shows the interfaces)"
            ),
            (
                "udp://239.1.1.1:7?interface=nic", "setsockopt", ENODEV, "nic missing",
                "this host has no interface nic for udp://239.1.1.1:7?interface=nic; usherd listens there when an interface has"
                    + " this name (`ip link` shows the interfaces)"
            ),
            (
                "udp://239.1.1.1:7", "setsockopt", ENODEV, "no route to 239.1.1.1",
                "no route to the group of udp://239.1.1.1:7; usherd joins it when there is one (`ip route` shows the routes)"
            ),
            (
                "tcp://192.0.2.1:7", "bind", EADDRINUSE, "Address already in use",
                "test.toml:2:11: listener x: cannot listen on tcp://192.0.2.1:7: bind: Address already in use (EADDRINUSE);"
                    + " another process uses it: see ss -lxtup, stop that process, or use another address"
            ),
        ] as [(String, StaticOperation, CInt, String, String)])
    func `the message names what is missing and that usherd waits`(
        address: String, operation: StaticOperation, errno: CInt, words: String, message: String
    ) throws {
        let (key, failure) = try awaited(address, operation, errno)
        #expect(key.message(for: failure) == message)
        let missing = MissingOnHost(awaited: [key: failure])
        #expect(missing.waiting.map(\.listener) == ["x"])
        #expect(missing.waiting.map(\.what) == [words])
    }

    @Test func `routes are watched only for a group that lacks one`() throws {
        func missing(_ address: String, _ errno: CInt) throws -> MissingOnHost {
            let (key, failure) = try awaited(address, "bind", errno)
            return MissingOnHost(awaited: [key: failure])
        }
        #expect(!MissingOnHost().waitsForRoute)
        #expect(try missing("udp://239.1.1.1:7", ENODEV).waitsForRoute)
        #expect(try !missing("udp://239.1.1.1:7?interface=nic", ENODEV).waitsForRoute)
        #expect(try !missing("udp://239.1.1.1:7", EADDRINUSE).waitsForRoute)
        #expect(try !missing("tcp://192.0.2.1:7", EADDRNOTAVAIL).waitsForRoute)
        let (group, _) = try awaited("udp://239.1.1.1:7", "setsockopt", ENODEV)
        #expect(MissingOnHost(unjoined: [group: "x"]).waitsForRoute)
        #expect(!MissingOnHost(withoutAddress: [group: "x"]).waitsForRoute)
    }

    @Test func `the status lists what open sockets lack, in listener order, until they close`() throws {
        let (group, _) = try awaited("udp://239.1.1.1:7", "setsockopt", ENODEV)
        let (address, failure) = try awaited("tcp://[2001:db8::1]:7", "bind", EADDRNOTAVAIL)
        var missing = MissingOnHost(awaited: [address: failure], unjoined: [group: "z"], withoutAddress: [address: "a"])
        #expect(
            missing.waiting.map { "\($0.listener): \($0.what)" } == [
                "a: [2001:db8::1] missing", "x: [2001:db8::1] missing", "z: no route to 239.1.1.1",
            ])
        missing.retain(only: [address])
        #expect(missing.waiting.map(\.listener) == ["a", "x"])
        missing.retain(only: [])
        #expect(missing.waiting.map(\.listener) == ["x"])
    }
}
