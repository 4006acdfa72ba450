// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Datagram listeners on a host with several addresses, over a wire that may do to datagrams what wires do.
@Suite(.serialized, .enabled(if: TwoHosts.isAvailable, "needs root, for network namespaces: ip-netns(8)"))
struct DatagramNetworkTests {
    /// Sends one datagram to each address, and prints which one answered with what; `-` if none does within a second.
    private static let ask = """
        import socket, sys
        for address in sys.argv[1:]:
            host, port, source = (address.split(",") + [""])[:3]
            family, kind, protocol, _, target = socket.getaddrinfo(host, int(port), type=socket.SOCK_DGRAM)[0]
            s = socket.socket(family, kind)
            s.settimeout(1)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            if source: s.bind((source, 0))
            s.sendto(b"ping " + host.encode(), target)
            try:
                data, peer = s.recvfrom(2048)
                print(data.decode(), "from", peer[0].split("%")[0], peer[1])
            except TimeoutError:
                print("-")
        """

    @Test(arguments: ["*", "dual"])
    func `answers come from the address that the client sent to`(host: String) throws {
        let hosts = try TwoHosts()
        let addresses = host == "*" ? "\"udp://*:7007\"" : "[\"udp://0.0.0.0:7007\", \"udp://[::]:7007\"]"
        let configuration = "[listener.echo]\nlisten = \(addresses)\nservice = \"echo\"\n"
        try withUsherd(configuration, .init(wrapper: hosts.server)) { daemon in
            let local = try hosts.linkLocalAddress()
            let targets = ["10.77.0.1", "10.77.0.2", "fd77::1", "fd77::2", "\(local)%wire"]
            let said = try hosts.python(
                Self.ask, targets.map { "\($0),7007" } + ["\(local)%wire,7007,fd77::9"])
            #expect(
                said.split(separator: "\n").map(String.init)
                    == targets.map { "ping \($0) from \($0.split(separator: "%")[0]) 7007" } + [
                        "ping \(local)%wire from \(local) 7007"
                    ])
            let open = try daemon.records("open", count: 6)
            #expect(
                Set(open.compactMap { $0["local"] }).isSuperset(of: [
                    "udp://10.77.0.1:7007", "udp://10.77.0.2:7007", "udp://[fd77::1]:7007", "udp://[fd77::2]:7007",
                ]))
        }
    }

    @Test func `broadcasts and multicasts are received and not answered`() throws {
        let hosts = try TwoHosts()
        let configuration = """
            [listener.plain]
            listen = "udp://*:7007"
            service = "echo"
            [listener.broadcast]
            listen = "udp://*:7008?broadcast=true"
            service = "echo"
            [listener.group]
            listen = ["udp://239.1.2.3:7009?interface=wire", "udp://[ff02::4242]:7009?interface=wire"]
            service = "echo"
            [listener.elsewhere]
            listen = "udp://239.1.2.3:7010?interface=lo"
            service = "echo"
            """
        try withUsherd(configuration, .init(wrapper: hosts.server)) { daemon in
            let targets = [
                "10.77.0.255,7007", "239.1.2.3,7007", "10.77.0.255,7008", "239.1.2.3,7008", "239.1.2.3,7009",
                "ff02::4242%wire,7009", "239.1.2.3,7010", "10.77.0.1,7008",
            ]
            let said = try hosts.python(Self.ask, targets)
            #expect(
                said.split(separator: "\n").map(String.init)
                    == Array(repeating: "-", count: 7) + ["ping 10.77.0.1 from 10.77.0.1 7008"])
            let open = try daemon.records("open", count: 4).map { "\($0["listener"] ?? "") \($0["local"] ?? "")" }
            #expect(
                open.sorted().map { $0.replacingOccurrences(of: "%[0-9]+", with: "", options: .regularExpression) } == [
                    "broadcast udp://10.77.0.1:7008", "broadcast udp://10.77.0.255:7008",
                    "group udp://239.1.2.3:7009", "group udp://[ff02::4242]:7009",
                ])
            let plain = try daemon.record("lost") { $0["listener"] == "plain" }
            #expect(plain["message"]?.contains("?broadcast=true") == true)
            #expect(
                try daemon.record("lost") { $0["listener"] == "broadcast" }["message"]?.contains("did not answer")
                    == true)
        }
    }

    @Test func `a reload applies broadcast= to the open socket`() throws {
        let hosts = try TwoHosts()
        func configuration(_ option: String) -> String {
            "[listener.x]\nlisten = \"udp://*:7007\(option)\"\nservice = \"discard\"\n"
        }
        try withUsherd(configuration(""), .init(wrapper: hosts.server)) { daemon in
            _ = try hosts.python(Self.ask, ["10.77.0.255,7007"])
            _ = try daemon.record("lost")
            try daemon.reload(configuration("?broadcast=true"))
            _ = try hosts.python(Self.ask, ["10.77.0.255,7007"])
            #expect(try daemon.record("open")["local"] == "udp://10.77.0.255:7007")
        }
    }

    @Test(
        .enabled(if: TwoHosts.canDisturb, "needs tc-netem(8)"),
        arguments: [
            "loss 20%", "duplicate 30%", "delay 10ms reorder 50% 50%", "delay 5ms 4ms loss 10% duplicate 10%",
        ])
    func `loss, delay and duplication on the wire change no datagram`(how: String) throws {
        let hosts = try TwoHosts()
        let configuration = "[listener.echo]\nlisten = \"udp://*:7007\"\nservice = \"echo\"\n"
        try withUsherd(configuration, .init(wrapper: hosts.server)) { daemon in
            try hosts.disturb(how)
            // As many come back as the wire lets through, none of them changed; what is asked again in the end comes.
            let said = try hosts.python(
                """
                import socket
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                sent = [b"%d " % n + b"x" * (n % 1200) for n in range(500)]
                got = []
                # No more at a time than a socket's buffer holds.
                for start in range(0, 500, 25):
                    for data in sent[start:start + 25]: s.sendto(data, ("10.77.0.1", 7007))
                    s.settimeout(0.1 if start < 475 else 2)
                    try:
                        while True: got.append(s.recv(2048))
                    except TimeoutError: pass
                assert set(got) <= set(sent), "something else came"
                for _ in range(100):
                    s.sendto(b"last", ("10.77.0.1", 7007))
                    try:
                        while s.recv(2048) != b"last": pass
                        break
                    except TimeoutError: pass
                print(len(got), len(set(got)))
                """)
            let numbers = said.split { $0.isWhitespace }.compactMap { Int($0) }
            #expect(numbers.count == 2 && numbers[1] >= 200, "\(said)")
            if !how.contains("duplicate") { #expect(numbers[0] == numbers[1], "doubled by us: \(said)") }
            if !how.contains("loss") { #expect(numbers[1] == 500, "lost by us: \(said)") }
            try daemon.stop()
            let close = try daemon.record("close")
            #expect(close[number: "datagrams_in"] == close[number: "datagrams_out"])
            #expect(close[number: "datagrams_dropped"] == 0)
            #expect(close[number: "bytes_in"] == close[number: "bytes_out"])
            #expect(daemon.records("open").count == 1)
        }
    }

    @Test func `a flood of forged sources is bounded in memory and log`() throws {
        let hosts = try TwoHosts()
        let directory = try TemporaryDirectory()
        let flood = directory.appending("flood")
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "flood.c")
        let compiled = try TestSupport.run("cc", ["-O2", "-Wall", "-Wextra", "-Werror", "-o", flood, source.path])
        try #require(compiled.succeeded, "\(compiled.errors)")
        let configuration = """
            [listener.echo]
            listen = "udp://*:7007"
            service = "echo"
            max-connections = 100
            idle-timeout = "5m"
            """
        try withUsherd(configuration, .init(wrapper: hosts.server)) { daemon in
            // One flow is there before, talks during the flood, and is there afterwards. A datagram may be lost where
            // the kernel's buffer is full.
            let said = try hosts.python(
                """
                import socket, subprocess, sys
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                s.settimeout(0.2)
                def talk(number):
                    for _ in range(200):
                        s.sendto(b"%d" % number, ("10.77.0.2", 7007))
                        try:
                            while s.recv(100) != b"%d" % number: pass
                            return True
                        except TimeoutError: pass
                    return False
                assert talk(0)
                flood = subprocess.Popen([sys.argv[1], "10.77.0.1", "7007", "1000000"], stdout=subprocess.PIPE)
                rounds = 1
                while flood.poll() is None:
                    assert talk(rounds)
                    rounds += 1
                assert talk(rounds)
                print(rounds, flood.stdout.read().decode().strip())
                """, [flood])
            let numbers = said.split { $0.isWhitespace }.compactMap { Int($0) }
            #expect(numbers.last == 1_000_000)
            #expect(daemon.residentMemory < 64 << 10, "\(daemon.residentMemory) KiB")
            #expect(daemon.records("open").count == 100)
            #expect(daemon.records("close").isEmpty, "no flow was closed for another one")
            let told = daemon.records("refused") + daemon.records("lost")
            #expect(told.count < 100, "\(told.map(\.line))")
            try daemon.stop()
            // Those that the talker lost are among them.
            let all = daemon.records("refused") + daemon.records("lost")
            #expect(900_000...1_010_000 ~= all.compactMap { $0[number: "datagrams"] }.reduce(0, +))
            let talker = try daemon.record("close") { $0["peer"]?.hasPrefix("udp://10.77.0.9:") == true }
            #expect(talker[number: "datagrams_in"] == talker[number: "datagrams_out"])
        }
    }
}
