// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import TestSupport
import Testing

@testable import Supervisor

/// A supervisor on a host that lacks what its listeners need. What comes and goes has tests end to end.
@Suite struct SupervisorHostTests {
    private static let late =
        "[listener.late]\nlisten = [\"tcp://192.0.2.1:7\", \"tcp://127.0.0.1:0\"]\nservice = \"echo\"\n"

    @Test func `a missing address is awaited, and the other addresses are served`() throws {
        let daemon = try SupervisorHarness(Self.late)
        defer { daemon.end() }
        let warning = try #require(try daemon.records("warning").first)
        #expect(warning["errno"] == "EADDRNOTAVAIL" && warning["listener"] == "late")
        #expect(warning["message"]?.hasPrefix("late waits: this host does not have the address 192.0.2.1 of ") == true)
        #expect(
            daemon.manager.messages.first?.text
                == "READY=1\nSTATUS=0 of 1 listener (late: 192.0.2.1 missing, waiting), 0 connections")
        #expect(try daemon.addresses("late").count == 1)
        #expect(try echoes(Client(daemon.address("late"))))
        // Nothing has changed: nothing is said again, and nothing is closed.
        try daemon.onQueue { $0.hostChanged() }
        #expect(try echoes(Client(daemon.address("late"))))
        #expect(daemon.records().count { $0.event == "warning" } == 1)
        try daemon.onQueue { $0.recordListeners() }
        #expect(try daemon.records("listener").first?["state"] == "waiting")
    }

    @Test func `a reload keeps waiting without a new warning, until the listener is removed`() throws {
        let daemon = try SupervisorHarness(Self.late)
        defer { daemon.end() }
        let address = try daemon.address("late")
        _ = try daemon.records("warning")
        try daemon.reload(Self.late + "max-connections = 9\n")
        #expect(try daemon.address("late") == address)
        _ = try daemon.records("reload")
        #expect(daemon.records().count { $0.event == "warning" } == 1)
        #expect(daemon.manager.status.hasPrefix("0 of 1 listener (late: 192.0.2.1 missing, waiting), "))
        try daemon.reload("[listener.late]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"echo\"\n")
        #expect(daemon.manager.status.hasPrefix("1 listener, "))
        #expect(try daemon.onQueue { $0.missingOnHost == MissingOnHost() && $0.hostWatch == nil })
    }

    @Test func `a reload may add a listener whose address or interface the host lacks`() throws {
        let daemon = try SupervisorHarness("[listener.now]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"echo\"\n")
        defer { daemon.end() }
        #expect(try daemon.onQueue { $0.hostWatch == nil })
        try daemon.reload(
            Self.late
                + "[listener.zone]\nlisten = [\"udp://[fe80::1%no-such-nic]:7\", \"udp://[fe80::1%no-such-two]:7\"]\n"
                + "service = \"echo\"\n")
        #expect(try daemon.records("reload").last?["message"] == "configuration reloaded: 2 added, 1 removed")
        let warnings = try daemon.records("warning", atLeast: 3)
        #expect(warnings.compactMap { $0["errno"] } == ["EADDRNOTAVAIL", "ENODEV", "ENODEV"])
        #expect(warnings.last?["message"]?.contains("this host has no interface no-such-") == true)
        #expect(try daemon.onQueue { $0.hostWatch != nil })
    }

    @Test func `a failed reload keeps the sockets that wait`() throws {
        let daemon = try SupervisorHarness(Self.late)
        defer { daemon.end() }
        try daemon.reload(Self.late + "[listener.no]\nlisten = \"unix://DIR/no/such\"\nservice = \"echo\"\n")
        #expect(try daemon.records("reload-failed").count == 1)
        #expect(try daemon.onQueue { $0.missingOnHost.awaited.count } == 1)
        #expect(daemon.records().count { $0.event == "warning" } == 1)
    }

    @Test func `without AF_NETLINK a warning says that changes are not detected`() throws {
        let daemon = try SupervisorHarness(Self.late)
        defer { daemon.end() }
        try daemon.onQueue { supervisor in
            supervisor.hostWatch = nil
            #expect(
                FaultInjection.failing(call: 1, with: EAFNOSUPPORT) {
                    supervisor.watchHost(for: supervisor.configuration)
                })
            #expect(supervisor.hostWatch == nil)
        }
        let warning = try #require(try daemon.records("warning", atLeast: 2).last)
        #expect(warning["message"]?.hasSuffix("allow AF_NETLINK in RestrictAddressFamilies= of the unit") == true)
    }

    @Test func `a watch without a descriptor begins later, with a record`() throws {
        let daemon = try SupervisorHarness(Self.late)
        defer { daemon.end() }
        try daemon.onQueue { supervisor in
            supervisor.hostWatch = nil
            for _ in 1...2 {
                #expect(
                    FaultInjection.failing(call: 1, with: EMFILE) {
                        supervisor.watchHost(for: supervisor.configuration)
                    })
            }
            #expect(supervisor.hostWatch == nil)
        }
        let warning = try #require(try daemon.records("warning", atLeast: 2).last)
        #expect(warning["errno"] == "EMFILE" && warning["message"]?.hasSuffix("retrying every second") == true)
        try waitUntil("it watches") { try daemon.onQueue { $0.hostWatch != nil && $0.hostWatchAlarm?.isSet == false } }
        _ = try daemon.records("recovered")
        #expect(daemon.records().count { $0.event == "warning" } == 2)
    }

    @Test(arguments: ["getifaddrs", "if_nameindex"] as [StaticString])
    func `a failed first read of the host is retried`(call: StaticString) throws {
        let daemon = try SupervisorHarness(Self.late)
        defer { daemon.end() }
        try daemon.onQueue { supervisor in
            supervisor.hostWatch = nil
            #expect(
                FaultInjection.failing(call: 1, with: EMFILE, of: call) {
                    supervisor.watchHost(for: supervisor.configuration)
                })
            #expect(supervisor.hostWatch != nil && supervisor.hostState == HostState())
        }
        try waitUntil("it is known") { try daemon.onQueue { $0.hostState != HostState() } }
    }

    @Test func `a failed later read is retried without an event`() throws {
        let daemon = try SupervisorHarness(Self.late)
        defer { daemon.end() }
        try daemon.onQueue { supervisor in
            supervisor.hostState = HostState()
            #expect(FaultInjection.failing(call: 1, with: ENOBUFS) { supervisor.hostChanged() })
        }
        try waitUntil("it is known") { try daemon.onQueue { $0.hostState != HostState() } }
    }

    @Test func `a refused subscription to routes is retried`() throws {
        let daemon = try SupervisorHarness(Self.late)
        defer { daemon.end() }
        try daemon.onQueue { supervisor in
            // A group that waits for a route.
            let key = try #require(supervisor.listeners["late"]?.sockets.first?.key)
            supervisor.missingOnHost.unjoined[key] = "late"
            #expect(
                FaultInjection.failing(call: 1, with: ENOBUFS, of: "setsockopt") { supervisor.watchRoutes() })
            #expect(supervisor.hostWatch?.watchesRoutes == false)
        }
        try waitUntil("it watches them") { try daemon.onQueue { $0.hostWatch?.watchesRoutes == true } }
    }

    @Test func `a failed reload without host addresses keeps the watch`() throws {
        let daemon = try SupervisorHarness(Self.late)
        defer { daemon.end() }
        let before = try daemon.onQueue { $0.hostWatch.map { ObjectIdentifier($0) } }
        try daemon.reload(
            "[listener.a]\nlisten = [\"tcp://127.0.0.1:0\", \"unix://DIR/no/such\"]\nservice = \"echo\"\n")
        #expect(try daemon.records("reload-failed").count == 1)
        #expect(try daemon.onQueue { $0.hostWatch.map { ObjectIdentifier($0) } } == before)
    }

    /// The kernel may say EMFILE, or ENOBUFS: that the host has lost everything is no conclusion from it.
    @Test(arguments: 1...2) func `a failed read of the host changes no socket`(call: Int) throws {
        let daemon = try SupervisorHarness(
            "[listener.a]\nlisten = \"tcp://[::1]:0\"\nservice = \"echo\"\n"
                + "[listener.b]\nlisten = \"udp://239.1.1.1:0?interface=lo\"\nservice = \"echo\"\n")
        defer { daemon.end() }
        let address = try daemon.address("a")
        try daemon.onQueue { supervisor in
            let before = supervisor.hostState
            #expect(FaultInjection.failing(call: call, with: EMFILE) { supervisor.hostChanged() })
            #expect(supervisor.hostState == before)
        }
        #expect(try daemon.address("a") == address)
        #expect(try echoes(Client(address)))
        #expect(!daemon.records().contains { $0.event == "warning" })
    }

    @Test func `a listener follows the name of its interface, not its number`() throws {
        let daemon = try SupervisorHarness(
            """
            [listener.group]
            listen = "udp://239.1.1.1:0?interface=nic"
            service = "discard"
            [listener.kept]
            listen = "tcp://[::1]:0"
            service = "echo"
            """)
        defer { daemon.end() }
        let kept = try daemon.address("kept")
        func sockets() throws -> Int? { try daemon.onQueue { $0.listeners["group"]?.sockets.count } }
        func rename(to index: UInt32?) throws {
            try daemon.onQueue { supervisor in
                supervisor.interfaceIndex = { index ?? InterfaceName.absentIndex(of: $0) }
                supervisor.hostChanged()
            }
        }
        #expect(try sockets() == 0)
        // Loopback has the number 1: now it has the name too.
        try rename(to: 1)
        #expect(try sockets() == 1)
        #expect(try daemon.records("listening", atLeast: 2).last?["listener"] == "group")
        try rename(to: nil)
        #expect(try sockets() == 0)
        #expect(try daemon.records("warning", atLeast: 2).allSatisfy { $0["errno"] == "ENODEV" })
        try rename(to: 1)
        #expect(try sockets() == 1)
        #expect(try daemon.address("kept") == kept)
        #expect(daemon.records().count { $0.event == "listening" && $0["listener"] == "kept" } == 1)
        try waitUntil("the status says that both listen") { daemon.manager.status.hasPrefix("2 listeners, ") }
    }
}
