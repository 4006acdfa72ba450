// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Addresses and interfaces that are added, removed, made anew and renamed while the daemon runs.
@Suite(.enabled(if: TwoHosts.isAvailable, "needs root, for network namespaces: ip-netns(8)"))
struct HostChangesTests {
    private func listener(_ name: String, _ listen: String, _ service: String = "echo") -> String {
        "[listener.\(name)]\nlisten = \"\(listen)\"\nservice = \"\(service)\"\n"
    }

    private func warning(_ daemon: Usherd, of listener: String, _ part: String) throws -> LogRecord {
        try daemon.record("warning") { $0["listener"] == listener && $0["message"]?.contains(part) == true }
    }

    private func listening(_ daemon: Usherd, _ listener: String, count: Int) throws -> LogRecord {
        try waitFor("\(count) records `listening` of \(listener) among:\n\(daemon.said)") {
            let found = daemon.records("listening").filter { $0["listener"] == listener }
            return found.count >= count ? found.last : nil
        }
    }

    private func waitForStatus(_ daemon: Usherd, _ beginning: String) throws {
        try waitUntil("the status begins with \(beginning)") { daemon.status?.hasPrefix(beginning) == true }
    }

    /// An interface `nic` with a link-local address, as a tunnel or a USB adapter is one.
    private func makeInterface(_ hosts: TwoHosts, _ name: String = "nic") throws {
        try addInterface(hosts, name)
        try setUp(hosts, name)
    }

    /// With another end, which goes with it.
    private func addInterface(_ hosts: TwoHosts, _ name: String) throws {
        try hosts.ip("link", "add", name, "type", "veth", "peer", "name", "\(name)-end")
        try hosts.ip("link", "set", "\(name)-end", "up")
    }

    private func setUp(_ hosts: TwoHosts, _ name: String) throws {
        try hosts.ip("link", "set", name, "up", "multicast", "on")
        try hosts.ip("address", "add", "fe80::77/64", "dev", name, "nodad")
    }

    private func echoes(_ client: Client) throws -> String {
        try client.send("hello\n")
        return try client.receiveLine() ?? ""
    }

    // MARK: - Addresses

    @Test func `an address that is added later is listened on without a reload`() throws {
        let hosts = try TwoHosts()
        let configuration = listener("late", "tcp://10.77.0.50:7000") + listener("now", "tcp://10.77.0.1:7001")
        try withUsherd(configuration, .init(wrapper: hosts.server)) { daemon in
            let waits = try warning(daemon, of: "late", "this host does not have the address 10.77.0.50")
            #expect(waits["errno"] == "EADDRNOTAVAIL")
            #expect(daemon.status?.hasPrefix("1 of 2 listeners (late: 10.77.0.50 missing, waiting), ") == true)
            try hosts.ip("address", "add", "10.77.0.50/24", "dev", "wire")
            #expect(try listening(daemon, "late", count: 1)["local"] == "tcp://10.77.0.50:7000")
            #expect(try hosts.echo("10.77.0.50", 7000) == "hello")
            try waitForStatus(daemon, "2 listeners, ")
            #expect(daemon.records("reload").isEmpty)
            #expect(daemon.records("listening").count { $0["listener"] == "now" } == 1)
        }
    }

    @Test func `a removed address is logged, and again when it returns`() throws {
        let hosts = try TwoHosts()
        try withUsherd(listener("a", "tcp://10.77.0.2:7000"), .init(wrapper: hosts.server)) { daemon in
            for count in 1...2 {
                try hosts.ip("address", "delete", "10.77.0.2/24", "dev", "wire")
                try waitUntil("a warning is there") { daemon.records("warning").count == count }
                #expect(daemon.records("warning").last?["message"]?.contains("the address 10.77.0.2 of ") == true)
                try waitForStatus(daemon, "0 of 1 listener (a: 10.77.0.2 missing, waiting), ")
                try hosts.ip("address", "add", "10.77.0.2/24", "dev", "wire")
                let back = try listening(daemon, "a", count: 1 + count)
                #expect(back["message"]?.hasSuffix(": this host has the address again") == true)
                #expect(try hosts.echo("10.77.0.2", 7000) == "hello")
                try waitForStatus(daemon, "1 listener, ")
            }
        }
    }

    /// The kernel binds an IPv6 address once it knows that no neighbour has it: RFC 4862, 5.4.
    @Test func `a reload with a missing address succeeds, and listens when it is added`() throws {
        let hosts = try TwoHosts()
        try hosts.shell("echo 1 > /proc/sys/net/ipv6/conf/wire/accept_dad")
        try withUsherd(listener("now", "tcp://10.77.0.1:7001"), .init(wrapper: hosts.server)) { daemon in
            try daemon.reload(listener("now", "tcp://10.77.0.1:7001") + listener("late", "tcp://[fd77::50]:7000"))
            _ = try daemon.record("reload")
            _ = try warning(daemon, of: "late", "[fd77::50]")
            try hosts.ip("address", "add", "fd77::50/64", "dev", "wire")
            _ = try listening(daemon, "late", count: 1)
            #expect(try hosts.echo("fd77::50", 7000) == "hello")
        }
    }

    @Test func `an address whose rtnetlink event was lost is detected`() throws {
        let hosts = try TwoHosts()
        try withUsherd(listener("late", "tcp://10.77.0.50:7000"), .init(wrapper: hosts.server)) { daemon in
            _ = try warning(daemon, of: "late", "10.77.0.50")
            daemon.send(signal: SIGSTOP)
            let lines = (0..<2000).map { "link set lo mtu \(1400 + $0 % 2)\n" }.joined()
            try hosts.shell("printf %s '\(lines)' | ip -batch -")
            try hosts.ip("address", "add", "10.77.0.50/24", "dev", "wire")
            daemon.send(signal: SIGCONT)
            _ = try listening(daemon, "late", count: 1)
            #expect(try hosts.echo("10.77.0.50", 7000) == "hello")
        }
    }

    // MARK: - Interfaces

    @Test func `a link-local listener follows an interface that is recreated`() throws {
        let hosts = try TwoHosts()
        try makeInterface(hosts)
        let configuration = listener("zone", "tcp://[fe80::77%nic]:7000") + listener("now", "tcp://10.77.0.1:7001")
        try withUsherd(configuration, .init(wrapper: hosts.server)) { daemon in
            var locals: Set<String?> = [try listening(daemon, "zone", count: 1)["local"]]
            for count in 1...2 {
                #expect(try hosts.echoHere("fe80::77%nic", 7000) == "hello")
                try hosts.ip("link", "delete", "nic")
                let gone = try warning(daemon, of: "zone", "this host has no interface nic for ")
                #expect(gone["errno"] == "ENODEV")
                try waitForStatus(daemon, "1 of 2 listeners (zone: nic missing, waiting), ")
                try makeInterface(hosts)
                locals.insert(try listening(daemon, "zone", count: 1 + count)["local"])
            }
            #expect(locals.count == 3, "three interfaces")
            #expect(try hosts.echoHere("fe80::77%nic", 7000) == "hello")
            try waitForStatus(daemon, "2 listeners, ")
            #expect(daemon.records("listening").count { $0["listener"] == "now" } == 1)
        }
    }

    @Test func `a listener follows the name of its interface to another interface`() throws {
        let hosts = try TwoHosts()
        try withUsherd(listener("zone", "tcp://[fe80::77%late]:7000"), .init(wrapper: hosts.server)) { daemon in
            _ = try warning(daemon, of: "zone", "this host has no interface late")
            try addInterface(hosts, "early")
            try hosts.ip("link", "set", "early", "name", "late")
            try setUp(hosts, "late")
            let first = try listening(daemon, "zone", count: 1)["local"]
            #expect(try hosts.echoHere("fe80::77%late", 7000) == "hello")
            // The name goes on to another interface.
            try hosts.ip("link", "set", "late", "down")
            try hosts.ip("link", "set", "late", "name", "former")
            try waitForStatus(daemon, "0 of 1 listener (zone: late missing, waiting), ")
            try makeInterface(hosts, "late")
            #expect(try listening(daemon, "zone", count: 2)["local"] != first)
            #expect(try hosts.echoHere("fe80::77%late", 7000) == "hello")
        }
    }

    @Test func `a renamed interface closes no connection and stops no other listener`() throws {
        let hosts = try TwoHosts()
        try makeInterface(hosts)
        let configuration =
            listener("zone", "tcp://[fe80::77%nic]:7000") + listener("all", "tcp://*:7001")
            + listener("path", "unix://$DIR/path")
        try withUsherd(configuration, .init(wrapper: hosts.server)) { daemon in
            let client = try Client(ServerAddress(.unix(path: daemon.directory.appending("path"))))
            #expect(try echoes(client) == "hello")
            try hosts.ip("link", "set", "nic", "down")
            try hosts.ip("link", "set", "nic", "name", "other")
            _ = try warning(daemon, of: "zone", "this host has no interface nic")
            #expect(try echoes(client) == "hello")
            #expect(try hosts.echo("10.77.0.1", 7001) == "hello")
            client.close()
            #expect(daemon.records("listening").count == 3)
        }
    }

    private func groups(_ hosts: TwoHosts) throws -> String { try hosts.ip("maddress", "show", "dev", "nic") }

    @Test func `groups are joined again on a recreated interface`() throws {
        let hosts = try TwoHosts()
        try makeInterface(hosts)
        let configuration =
            listener("four", "udp://239.1.1.1:7000?interface=nic", "discard")
            + listener("six", "udp://[ff02::4242]:7000?interface=nic", "discard")
            + listener("zone", "udp://[ff02::4243%nic]:7001", "discard")
        try withUsherd(configuration, .init(wrapper: hosts.server)) { daemon in
            let all = ["239.1.1.1", "ff02::4242", "ff02::4243"]
            for address in all { #expect(try groups(hosts).contains(address)) }
            try hosts.ip("link", "delete", "nic")
            for name in ["four", "six", "zone"] { _ = try warning(daemon, of: name, "this host has no interface nic") }
            try makeInterface(hosts)
            for name in ["four", "six", "zone"] { _ = try listening(daemon, name, count: 2) }
            for address in all { #expect(try groups(hosts).contains(address)) }
        }
    }

    @Test func `a group without interface= is joined again when a route appears`() throws {
        let hosts = try TwoHosts()
        try makeInterface(hosts)
        try hosts.ip("route", "add", "239.9.0.0/16", "dev", "nic")
        try withUsherd(
            listener("chosen", "udp://239.9.1.1:7001", "discard"), .init(wrapper: hosts.server)
        ) { daemon in
            #expect(try groups(hosts).contains("239.9.1.1"))
            try hosts.ip("link", "delete", "nic")
            let gone = try warning(daemon, of: "chosen", "udp://239.9.1.1:7001 was joined was removed")
            #expect(gone["errno"] == "ENODEV")
            try waitForStatus(daemon, "0 of 1 listener (chosen: no route to 239.9.1.1, waiting), ")
            try makeInterface(hosts)
            try waitForQuiet(daemon)
            // Nothing but a route comes now.
            try hosts.ip("route", "add", "239.9.0.0/16", "dev", "nic")
            let back = try listening(daemon, "chosen", count: 2)
            #expect(back["message"]?.hasSuffix(": the group was joined again") == true)
            #expect(try groups(hosts).contains("239.9.1.1"))
            try waitForStatus(daemon, "1 listener, ")
        }
    }

    @Test func `a group without a route at the start is joined when a route appears`() throws {
        let hosts = try TwoHosts()
        try withUsherd(
            listener("chosen", "udp://239.9.1.1:7001", "discard"), .init(wrapper: hosts.server)
        ) { daemon in
            _ = try warning(daemon, of: "chosen", "no route to the group of udp://239.9.1.1:7001")
            try hosts.ip("route", "add", "239.9.0.0/16", "dev", "wire")
            _ = try listening(daemon, "chosen", count: 1)
            #expect(try hosts.ip("maddress", "show", "dev", "wire").contains("239.9.1.1"))
        }
    }

    /// Waits until what has happened to interfaces so far was looked at: the daemon does not wake up any more.
    private func waitForQuiet(_ daemon: Usherd) throws {
        func switches() -> String {
            let tasks = "/proc/\(daemon.identifier)/task"
            let names = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
            return names.sorted().map { name in
                let status = (try? String(contentsOfFile: "\(tasks)/\(name)/status", encoding: .utf8)) ?? ""
                return status.split(separator: "\n").filter { $0.hasPrefix("voluntary_ctxt_switches:") }.joined()
            }.joined(separator: ",")
        }
        try waitUntil("a second passes in which the daemon does nothing") {
            let before = switches()
            Thread.sleep(forTimeInterval: 1)
            return switches() == before
        }
    }

    /// One client whose socket outlives the interface on which its upstream is.
    private static let asking = """
        import socket, subprocess, sys
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.connect(("10.77.0.1", 7000))
        client.settimeout(0.5)
        def ask():
            for _ in range(100):
                try:
                    client.send(b"hello")
                    if client.recv(5) == b"hello": return
                except OSError: pass
            sys.exit("no answer")
        ask()
        for command in sys.argv[1:]: subprocess.run(command, shell=True, check=True)
        ask()
        """

    @Test func `a flow on a removed interface ends, and the next one is served`()
        throws
    {
        let hosts = try TwoHosts()
        try makeInterface(hosts)
        let configuration =
            listener("relay", "udp://10.77.0.1:7000", "forward") + "to = \"udp://[fe80::77%nic]:9000\"\n"
            + listener("upstream", "udp://[::]:9000")
        try withUsherd(configuration, .init(wrapper: hosts.server)) { daemon in
            try hosts.pythonHere(
                Self.asking,
                [
                    "ip link delete nic", "ip link add nic type veth peer name nic-end", "ip link set nic-end up",
                    "ip link set nic up", "ip address add fe80::77/64 dev nic nodad",
                ])
            let close = try daemon.record("close") { $0["listener"] == "relay" }
            #expect(close["reason"] == "error" && close["errno"] == "ENETUNREACH", "\(close.line)")
            // What went to the upstream while the interface was missing, or had no address, failed at once.
            try waitUntil("there is another flow") {
                daemon.records("open").count { $0["listener"] == "relay" } >= 2
            }
            #expect(daemon.records("warning").count { $0["listener"] == "relay" } <= 1)
        }
    }

    /// Waits for the end of a connection.
    private static let connecting = """
        import socket
        try: socket.create_connection(("10.77.0.1", 7000)).recv(1)
        except ConnectionResetError: pass
        """

    @Test func `a link-local upstream uses the interface that has the name now`() throws {
        let hosts = try TwoHosts()
        try makeInterface(hosts)
        let configuration =
            listener("relay", "tcp://10.77.0.1:7000", "forward")
            + "to = \"tcp://[fe80::77%nic]:9000\"\nconnect-timeout = \"1s\"\n"
            + listener("upstream", "tcp://[::]:9000")
        try withUsherd(configuration, .init(wrapper: hosts.server)) { daemon in
            #expect(try hosts.echo("10.77.0.1", 7000) == "hello")
            try hosts.ip("link", "delete", "nic")
            _ = try hosts.python(Self.connecting)
            let close = try daemon.record("close") { $0["listener"] == "relay" && $0["reason"] == "connect-failed" }
            #expect(close["failures"]?.contains("this host has no interface nic") == true, "\(close.line)")
            try makeInterface(hosts)
            // At once: nothing of it is remembered.
            #expect(try hosts.echo("10.77.0.1", 7000) == "hello")
        }
    }

    // MARK: - IPv6

    @Test func `disabling and enabling IPv6 is logged, and IPv4 is always served`() throws {
        let hosts = try TwoHosts()
        try makeInterface(hosts)
        let configuration =
            listener("six", "tcp://[fd77::1]:7000") + listener("loop", "tcp://[::1]:7001")
            + listener("zone", "tcp://[fe80::77%nic]:7002")
            + listener("group", "udp://[ff02::1:7]:7003?interface=nic", "discard")
            + listener("any", "tcp://*:7004") + listener("four", "tcp://10.77.0.1:7005")
        try withUsherd(configuration, .init(wrapper: hosts.server)) { daemon in
            try hosts.switchIPv6(on: false)
            for name in ["six", "loop", "zone"] { _ = try warning(daemon, of: name, "was removed from this host") }
            for port in [7004, 7005] { #expect(try hosts.echo("10.77.0.1", port) == "hello") }
            try waitForStatus(daemon, "3 of 6 listeners (")
            // Nothing is tried again and again.
            try waitForQuiet(daemon)
            try hosts.switchIPv6(on: true)
            try hosts.ip("address", "add", "fd77::1/64", "dev", "wire", "nodad")
            try hosts.ip("address", "add", "fe80::77/64", "dev", "nic", "nodad")
            for name in ["six", "loop", "zone"] { _ = try listening(daemon, name, count: 2) }
            #expect(try hosts.echo("fd77::1", 7000) == "hello")
            #expect(try hosts.echoHere("::1", 7001) == "hello")
            #expect(try hosts.echoHere("fe80::77%nic", 7002) == "hello")
            #expect(try groups(hosts).contains("ff02::1:7"))
            try waitForStatus(daemon, "6 listeners, ")
        }
    }

    @Test func `a start without IPv6 serves IPv4, and IPv6 once it is enabled`() throws {
        let hosts = try TwoHosts()
        try hosts.switchIPv6(on: false)
        let configuration = listener("any", "tcp://*:7000") + listener("loop", "tcp://[::1]:7001")
        try withUsherd(configuration, .init(wrapper: hosts.server)) { daemon in
            _ = try warning(daemon, of: "loop", "this host does not have the address [::1]")
            #expect(try hosts.echo("10.77.0.1", 7000) == "hello")
            try hosts.switchIPv6(on: true)
            _ = try listening(daemon, "loop", count: 1)
            #expect(try hosts.echoHere("::1", 7001) == "hello")
            try hosts.ip("address", "add", "fd77::1/64", "dev", "wire", "nodad")
            #expect(try hosts.echo("fd77::1", 7000) == "hello")
        }
    }
}
