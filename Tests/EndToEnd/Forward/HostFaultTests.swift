// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What the host of usherd lacks is not held against an upstream.
@Suite(.serialized, .enabled(if: TestNetwork.isAvailable, "needs root, for network namespaces: ip-netns(8)"))
struct HostFaultTests {
    /// Greets, and returns what comes.
    private static let server = """
        import socket, sys, threading
        def serve(connection):
            try:
                connection.sendall(b"hello\\n")
                while data := connection.recv(65536): connection.sendall(data)
            except OSError: pass
            connection.close()
        listening = socket.create_server((sys.argv[1], int(sys.argv[2])), backlog=128)
        print("listening", flush=True)
        while True: threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()
        """

    private func startServer(
        _ network: TestNetwork, program: String = server, onFrontAt port: Int? = nil
    ) throws -> ChildProcess {
        let directory = try TemporaryDirectory()
        let output = try OpenFile(directory.appending("output"), O_WRONLY | O_CREAT)
        let command =
            (port == nil ? network.wrapper(of: 0) : network.wrapper) + [
                "python3", "-c", program, port == nil ? network.address(of: 0) : "127.0.0.1",
                String(port ?? 7000),
            ]
        let process = try ChildProcess(command[0], Array(command[1...]), descriptors: [1: output.raw])
        try waitUntil("the upstream listens") {
            if let end = process.ended { throw ServerEnded(end: end) }
            return directory.read("output") == "listening\n"
        }
        return process
    }

    private struct ServerEnded: Error {
        let end: ChildProcess.End
    }

    private func expectEcho(_ client: Client, _ text: String) throws {
        try client.send(text)
        #expect(try client.receive(exactly: text.utf8.count) == Array(text.utf8))
    }

    private func configuration(_ to: String, _ more: String = "") -> String {
        """
        [daemon]
        drain-timeout = "1s"
        [listener.front]
        listen = "unix://$DIR/front"
        service = "forward"
        to = "\(to)"
        \(more)
        """
    }

    @Test func `without a free local port clients wait, and the upstream keeps its connections`() throws {
        let network = try TestNetwork(upstreams: 1)
        try network.onFront("sysctl", "-qw", "net.ipv4.ip_local_port_range=50000 50004")
        // A port is free as soon as its connection ends.
        try network.onFront("sysctl", "-qw", "net.ipv4.tcp_max_tw_buckets=0")
        let server = try startServer(network)
        let more = "on-down = \"close\"\nconnect-timeout = \"1m\""
        let configuration = configuration("tcp://\(network.address(of: 0)):7000", more)
        try withUsherd(configuration, .init(wrapper: network.wrapper)) { daemon in
            let holders = try (0..<5).map { _ in
                let client = try Client(daemon.address("front"))
                #expect(try client.receiveLine() == "hello")
                return client
            }
            // More come than three failures, which would eject it; those that leave again leave no connection behind.
            let waiting = try (0..<5).map { _ in try Client(daemon.address("front")) }
            let warning = try daemon.record("warning") { $0["lacks"] != nil }
            #expect(warning["lacks"] == "local-ports")
            #expect(warning["errno"] == "EADDRNOTAVAIL", "\(warning.line)")
            for client in waiting[1...] { client.close() }
            try daemon.records("close", count: 4)
            #expect(daemon.records("close").allSatisfy { $0["reason"] == "client-closed" })
            for (index, client) in holders.enumerated() { try expectEcho(client, "still \(index)") }

            holders[0].close()
            #expect(try waiting[0].receiveLine() == "hello")
            try expectEcho(waiting[0], "served")
            #expect(daemon.records("upstream-down").isEmpty)
            let over = try daemon.record("recovered")
            #expect(over["lacks"] == "local-ports")
            #expect(over["level"] == "notice")
            #expect(daemon.records("warning").count { $0["lacks"] != nil } == 1)
            for client in holders[1...] + waiting[..<1] { client.close() }
        }
        withExtendedLifetime(server) {}
    }

    /// Two flows have the only ports; the third is kept until one of them ends.
    @Test func `without a free local port a flow of datagrams waits, and the upstream keeps its flows`() throws {
        let network = try TestNetwork(upstreams: 1)
        try network.onFront("sysctl", "-qw", "net.ipv4.ip_local_port_range=50000 50001")
        let echo = """
            import socket, sys
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            server.bind((sys.argv[1], 7000))
            print("listening", flush=True)
            while True:
                data, source = server.recvfrom(65536)
                server.sendto(data, source)
            """
        let server = try startServer(network, program: echo)
        let configuration = """
            [listener.front]
            listen = "udp://127.0.0.1:6000"
            service = "forward"
            to = "udp://\(network.address(of: 0)):7000"
            idle-timeout = "2s"
            on-down = "close"
            """
        let clients = """
            import socket
            def client(number):
                flow = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                flow.bind(("127.0.0.1", 6100 + number))
                flow.connect(("127.0.0.1", 6000))
                flow.settimeout(0.1)
                return flow
            def ask(flow, text):
                for _ in range(500):
                    flow.send(text)
                    try:
                        if flow.recv(100) == text: return
                    except socket.timeout: pass
                raise SystemExit("no answer to %r" % text)
            first, second, third = client(1), client(2), client(3)
            ask(first, b"first")
            ask(second, b"second")
            ask(third, b"third")
            """
        try withUsherd(configuration, .init(wrapper: network.wrapper)) { daemon in
            try network.onFront("python3", "-c", clients)
            #expect(try daemon.record("warning") { $0["lacks"] != nil }["lacks"] == "local-ports")
            #expect(daemon.records("warning").count { $0["lacks"] != nil } == 1)
            #expect(daemon.records("upstream-down").isEmpty)
        }
        withExtendedLifetime(server) {}
    }

    @Test func `a connection without a local port until connect-timeout is logged with the cause`() throws {
        let network = try TestNetwork(upstreams: 1)
        try network.onFront("sysctl", "-qw", "net.ipv4.ip_local_port_range=50000 50000")
        let server = try startServer(network)
        let configuration = configuration("tcp://\(network.address(of: 0)):7000", "connect-timeout = \"300ms\"")
        try withUsherd(configuration, .init(wrapper: network.wrapper)) { daemon in
            let holder = try Client(daemon.address("front"))
            #expect(try holder.receiveLine() == "hello")
            for _ in 0..<4 {
                let client = try Client(daemon.address("front"))
                #expect((try? client.receive())?.isEmpty ?? true)
                client.close()
            }
            try daemon.records("close", count: 4)
            for close in daemon.records("close") {
                #expect(close["reason"] == "error" && close["by"] == "daemon", "\(close.line)")
                #expect(close["errno"] == "EADDRNOTAVAIL", "\(close.line)")
                #expect(close.line.contains("this host has no free local port towards it"), "\(close.line)")
            }
            #expect(daemon.records("upstream-down").isEmpty)
            holder.close()
        }
        withExtendedLifetime(server) {}
    }

    @Test func `a missing route fails immediately and does not count against the upstream`() throws {
        let network = try TestNetwork(upstreams: 1)
        try withUsherd(configuration("tcp://192.0.2.1:80"), .init(wrapper: network.wrapper)) { daemon in
            for _ in 0..<5 {
                let client = try Client(daemon.address("front"))
                #expect((try? client.receive())?.isEmpty ?? true)
                client.close()
            }
            let closes = try daemon.records("close", count: 5)
            for close in closes {
                #expect(close["reason"] == "error" && close["errno"] == "ENETUNREACH", "\(close.line)")
                #expect(close.line.contains("this host has no route to it"), "\(close.line)")
            }
            #expect(try daemon.record("warning") { $0["lacks"] != nil }["lacks"] == "route")
            #expect(daemon.records("warning").count { $0["lacks"] != nil } == 1)
            #expect(daemon.records("upstream-down").isEmpty)
        }
    }

    /// Nothing listens on a port from which the kernel takes local ports: one connect in eight gets that very port here.
    @Test func `a self-connected socket counts as refused, for clients and checks`() throws {
        let network = try TestNetwork(upstreams: 1)
        try network.onFront("sysctl", "-qw", "net.ipv4.ip_local_port_range=40000 40015")
        try withUsherd(configuration("tcp://127.0.0.1:40004"), .init(wrapper: network.wrapper)) { daemon in
            for number in 0..<120 {
                let client = try Client(daemon.address("front"))
                // It may be refused before that.
                try? client.send("GET / HTTP/1.0\r\n\r\n")
                let received = try? client.receiveAll()
                #expect(received?.isEmpty ?? true, "client \(number) got its own bytes back")
                client.close()
            }
            let closes = try daemon.records("close", count: 120)
            #expect(Set(closes.compactMap { $0["reason"] }) == ["connect-failed"])
            // The server that should be there can have its port.
            let server = try startServer(network, onFrontAt: 40004)
            let client = try Client(daemon.address("front"))
            #expect(try client.receiveLine() == "hello")
            client.close()
            withExtendedLifetime(server) {}
        }
        let checked = configuration("tcp://127.0.0.1:40004", "health = { interval = \"10ms\", timeout = \"10ms\" }")
        try withUsherd(checked, .init(wrapper: network.wrapper)) { daemon in
            _ = try daemon.record("upstream-down")
            func connects() throws -> Int {
                let lines = try network.onFront("cat", "/proc/net/snmp").split(separator: "\n").filter {
                    $0.hasPrefix("Tcp:")
                }
                let names = lines[0].split(separator: " "), values = lines[1].split(separator: " ")
                return names.firstIndex(of: "ActiveOpens").flatMap { Int(values[$0]) } ?? 0
            }
            let before = try connects()
            try waitUntil("there were many checks") { try connects() >= before + 120 }
            #expect(daemon.records("upstream-up").isEmpty)
        }
    }

    /// The kernel takes one of sixteen ports for each flow.
    @Test func `a self-connected datagram socket counts as refused`() throws {
        let network = try TestNetwork(upstreams: 1)
        try network.onFront("sysctl", "-qw", "net.ipv4.ip_local_port_range=40000 40015")
        let configuration = configuration("udp://127.0.0.1:40004").replacing("unix://", with: "unix-dgram://")
        try withUsherd(configuration, .init(wrapper: network.wrapper)) { daemon in
            let address = try #require(try daemon.record("listening")["local"])
            for _ in 0..<120 { try DatagramClient(to: address).send("own") }
            let closes = try daemon.records("close", count: 120)
            #expect(Set(closes.compactMap { $0["reason"] }) == ["connect-failed"])
            #expect(closes.allSatisfy { $0[number: "datagrams_out"] == 0 })
        }
    }

    // MARK: - A host that vanishes

    @Test func `user-timeout ends a connection whose client acknowledges nothing`() throws {
        let network = try TestNetwork(upstreams: 1)
        let configuration = """
            [listener.front]
            listen = "tcp://\(network.frontAddress(towards: 0)):7100"
            service = "chargen"
            user-timeout = "1s"
            """
        try withUsherd(configuration, .init(wrapper: network.wrapper)) { daemon in
            let reader = try startServer(
                network,
                program: """
                    import socket
                    connection = socket.create_connection(("\(network.frontAddress(towards: 0))", 7100))
                    connection.recv(1)
                    print("listening", flush=True)
                    while connection.recv(65536): pass
                    """)
            try network.cut(0)
            let close = try daemon.record("close")
            #expect(close["reason"] == "error" && close["by"] == "client", "\(close.line)")
            #expect(close["errno"] == "ETIMEDOUT", "\(close.line)")
            withExtendedLifetime(reader) {}
        }
    }

    @Test func `keepalive ends a relay whose upstream host has vanished`() throws {
        let keepalive = "keepalive = { idle = \"1s\", interval = \"1s\", count = 2 }"
        try expectEnd(with: keepalive) { _ in }
    }

    @Test func `user-timeout ends a relay whose upstream acknowledges nothing`() throws {
        try expectEnd(with: "user-timeout = \"1s\"") { try $0.send("nobody gets this") }
    }

    /// The upstream's host vanishes, without FIN and without RST; the client must not wait for ever.
    private func expectEnd(with key: String, _ body: (Client) throws -> Void) throws {
        let network = try TestNetwork(upstreams: 1)
        let server = try startServer(network)
        let configuration = configuration("tcp://\(network.address(of: 0)):7000", key)
        try withUsherd(configuration, .init(wrapper: network.wrapper)) { daemon in
            let client = try Client(daemon.address("front"))
            #expect(try client.receiveLine() == "hello")
            try expectEcho(client, "there")
            try network.cut(0)
            try body(client)
            #expect((try? client.receive())?.isEmpty ?? true)
            client.close()
            let close = try daemon.record("close")
            #expect(close["reason"] == "error" && close["by"] == "upstream", "\(close.line)")
            #expect(close["errno"] == "ETIMEDOUT", "\(close.line)")
        }
        withExtendedLifetime(server) {}
    }
}
