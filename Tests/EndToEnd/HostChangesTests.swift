// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Addresses and interfaces that are added, removed, made anew and renamed while the daemon runs.
@Suite(.enabled(if: TwoHosts.isAvailable, "network namespaces take root"))
struct HostChangesTests {
    private func listener(_ name: String, _ listen: String) -> String {
        "[listener.\(name)]\nlisten = \"\(listen)\"\nservice = \"echo\"\n"
    }

    private func warning(_ daemon: Usherd, of listener: String) throws -> LogRecord {
        try daemon.record("warning") { $0["listener"] == listener }
    }

    @Test func `an address that is added late is listened on then, without a reload`() throws {
        let hosts = try TwoHosts()
        let configuration = listener("late", "tcp://10.77.0.50:7000") + listener("now", "tcp://10.77.0.1:7001")
        try withUsherd(configuration, .init(wrapper: hosts.server)) { daemon in
            let waits = try warning(daemon, of: "late")
            #expect(waits["errno"] == "EADDRNOTAVAIL")
            #expect(waits["message"]?.contains("this host does not have the address of tcp://10.77.0.50:7000 now") == true)
            #expect(daemon.status?.contains("tcp://10.77.0.50:7000") == true)
            try hosts.ip("address", "add", "10.77.0.50/24", "dev", "wire")
            let listening = try daemon.record("listening") { $0["listener"] == "late" }
            #expect(listening["local"] == "tcp://10.77.0.50:7000")
            #expect(try hosts.echo("10.77.0.50", 7000) == "hello")
            #expect(daemon.records("reload").isEmpty)
            #expect(daemon.records("listening").count { $0["listener"] == "now" } == 1)
            // It is bound for good, whatever becomes of the address.
            try hosts.ip("address", "delete", "10.77.0.50/24", "dev", "wire")
            try hosts.ip("address", "add", "10.77.0.50/24", "dev", "wire")
            #expect(try hosts.echo("10.77.0.50", 7000) == "hello")
        }
    }

    @Test func `a reload may name an address that is added later`() throws {
        let hosts = try TwoHosts()
        try withUsherd(listener("now", "tcp://10.77.0.1:7001"), .init(wrapper: hosts.server)) { daemon in
            try daemon.reload(
                listener("now", "tcp://10.77.0.1:7001") + listener("late", "udp://[fd77::50]:7000"))
            #expect(daemon.records("reload").count == 1)
            _ = try warning(daemon, of: "late")
            try hosts.ip("address", "add", "fd77::50/64", "dev", "wire", "nodad")
            _ = try daemon.record("listening") { $0["listener"] == "late" }
        }
    }

    @Test func `a link-local listener follows an interface that is made anew`() throws {
        let hosts = try TwoHosts()
        try hosts.ip("link", "add", "nic", "type", "dummy")
        try hosts.ip("link", "set", "nic", "up")
        try hosts.ip("address", "add", "fe80::77/64", "dev", "nic", "nodad")
        try withUsherd(listener("zone", "tcp://[fe80::77%nic]:7000"), .init(wrapper: hosts.server)) { daemon in
            let first = try daemon.record("listening")
            #expect(try hosts.echoHere("fe80::77%nic", 7000) == "hello")
            try hosts.ip("link", "delete", "nic")
            let gone = try warning(daemon, of: "zone")
            #expect(gone["message"]?.contains("this host has no interface nic now") == true)
            #expect(daemon.status?.contains("nic (missing)") == true)
            try hosts.ip("link", "add", "nic", "type", "dummy")
            try hosts.ip("link", "set", "nic", "up")
            try hosts.ip("address", "add", "fe80::77/64", "dev", "nic", "nodad")
            let second = try daemon.record("listening") { $0["local"] != first["local"] }
            #expect(second["listener"] == "zone")
            #expect(try hosts.echoHere("fe80::77%nic", 7000) == "hello")
            try waitUntil("nothing is waited for") { daemon.status?.contains("missing") == false }
        }
    }

    @Test func `an interface that gets the name of a listener by being renamed is listened on`() throws {
        let hosts = try TwoHosts()
        try withUsherd(listener("zone", "tcp://[fe80::77%late]:7000"), .init(wrapper: hosts.server)) { daemon in
            _ = try warning(daemon, of: "zone")
            try hosts.ip("link", "add", "early", "type", "dummy")
            try hosts.ip("link", "set", "early", "name", "late")
            try hosts.ip("link", "set", "late", "up")
            try hosts.ip("address", "add", "fe80::77/64", "dev", "late", "nodad")
            _ = try daemon.record("listening") { $0["listener"] == "zone" }
            #expect(try hosts.echoHere("fe80::77%late", 7000) == "hello")
        }
    }

    @Test func `a group is joined again on an interface that is made anew`() throws {
        let hosts = try TwoHosts()
        func makeInterface() throws {
            try hosts.ip("link", "add", "nic", "type", "dummy")
            try hosts.ip("link", "set", "nic", "up", "multicast", "on")
            try hosts.ip("address", "add", "10.78.0.1/24", "dev", "nic")
        }
        func groups() throws -> String { try hosts.ip("maddress", "show", "dev", "nic") }
        try makeInterface()
        try hosts.ip("route", "add", "239.9.0.0/16", "dev", "nic")
        let configuration =
            listener("named", "udp://239.1.1.1:7000?interface=nic") + listener("chosen", "udp://239.9.1.1:7001")
        try withUsherd(configuration, .init(wrapper: hosts.server)) { daemon in
            #expect(try groups().contains("239.1.1.1"))
            #expect(try groups().contains("239.9.1.1"))
            try hosts.ip("link", "delete", "nic")
            _ = try warning(daemon, of: "named")
            _ = try warning(daemon, of: "chosen")
            try makeInterface()
            // The route that leads to the group has gone with the interface, and comes back a moment after the address.
            try hosts.ip("route", "add", "239.9.0.0/16", "dev", "nic")
            try hosts.ip("address", "add", "10.78.0.2/24", "dev", "nic")
            try daemon.records("listening", count: 4)
            try waitUntil("both groups are joined") { try groups().contains("239.1.1.1") && groups().contains("239.9.1.1") }
        }
    }
}
